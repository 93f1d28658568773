/** A user's access keys. A secret is shown once, when its key is made. */

import {
  type AccessKey,
  type AccessKeyMetadata,
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { formatTime } from "../../format";
import { useClients } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { Copyable } from "../../shell/copyable";
import { InfoDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { useAccessKeys } from "./queries";

const words = text.accessKeys;
const MOST = 2; // IAM's quota for a user

export function AccessKeys({ user }: { user: string }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const keys = useAccessKeys(user);
  const [made, setMade] = useState<AccessKey | null>(null);
  const [deleting, setDeleting] = useState<AccessKeyMetadata | null>(null);
  const look = () => queries.invalidateQueries({ queryKey: ["user", user, "keys"] });
  const create = useMutation({
    mutationFn: () => iam.send(new CreateAccessKeyCommand({ UserName: user })),
    onSuccess: (answer) => setMade(answer.AccessKey ?? null),
    onSettled: look,
  });
  const change = useMutation({
    mutationFn: (key: AccessKeyMetadata) =>
      iam.send(
        new UpdateAccessKeyCommand({
          UserName: user,
          AccessKeyId: key.AccessKeyId,
          Status: key.Status === "Active" ? "Inactive" : "Active",
        }),
      ),
    onSettled: look,
  });
  const remove = useMutation({
    mutationFn: (key: AccessKeyMetadata) =>
      iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: key.AccessKeyId })),
    onSuccess: () => setDeleting(null),
    onSettled: look,
  });
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={keys.error ?? create.error ?? change.error} />
      <Table
        items={keys.data ?? []}
        loading={keys.isPending}
        loadingText={text.table.loading}
        ariaLabels={{ tableLabel: words.title }}
        columnDefinitions={[
          { id: "id", header: words.id, cell: (key) => key.AccessKeyId, isRowHeader: true },
          {
            id: "status",
            header: words.status,
            cell: (key) =>
              key.Status === "Active" ? (
                <StatusIndicator>{words.active}</StatusIndicator>
              ) : (
                <StatusIndicator type="stopped">{words.inactive}</StatusIndicator>
              ),
          },
          { id: "created", header: words.created, cell: (key) => formatTime(key.CreateDate) },
          {
            id: "actions",
            header: words.actions,
            cell: (key) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  variant="inline-link"
                  ariaLabel={words.switch(key.Status === "Active", key.AccessKeyId ?? "")}
                  onClick={() => change.mutate(key)}
                >
                  {key.Status === "Active" ? words.deactivate : words.activate}
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={words.deleteOne(key.AccessKeyId ?? "")}
                  onClick={() => setDeleting(key)}
                >
                  {text.delete}
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
        header={
          <Header
            variant="h2"
            counter={`(${keys.data?.length ?? 0})`}
            actions={
              <Button
                disabled={!keys.data || keys.data.length >= MOST}
                loading={create.isPending}
                onClick={() => create.mutate()}
              >
                {words.create}
              </Button>
            }
          >
            {words.title}
          </Header>
        }
        empty={<Box textAlign="center">{words.none}</Box>}
      />
      {made !== null && <NewKey made={made} onClose={() => setMade(null)} />}
      {deleting !== null && (
        <Confirmation
          title={words.deleteOne(deleting.AccessKeyId ?? "")}
          warning={words.deleteWarning}
          phrase={deleting.AccessKeyId ?? ""}
          button={text.delete}
          isPending={remove.isPending}
          failure={remove.error}
          onConfirm={() => remove.mutate(deleting)}
          onClose={() => setDeleting(null)}
        />
      )}
    </SpaceBetween>
  );
}

function NewKey({ made, onClose }: { made: AccessKey; onClose: () => void }): ReactNode {
  const [isShown, setShown] = useState(false);
  const secret = made.SecretAccessKey ?? "";
  return (
    <InfoDialog title={words.made} onClose={onClose}>
      <SpaceBetween size="m">
        <Alert type="warning">{words.once}</Alert>
        <KeyValuePairs
          columns={1}
          items={[
            { label: words.id, value: <Copyable value={made.AccessKeyId ?? ""} /> },
            {
              label: words.secret,
              value: isShown ? (
                <Copyable value={secret} label={words.secret} />
              ) : (
                <Button variant="inline-link" onClick={() => setShown(true)}>
                  {words.show}
                </Button>
              ),
            },
          ]}
        />
      </SpaceBetween>
    </InfoDialog>
  );
}
