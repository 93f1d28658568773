/** A user's access keys. A secret is shown once, when its key is made. */

import {
  type AccessKey,
  type AccessKeyMetadata,
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { faultOf } from "../../api/faults";
import { formatTime } from "../../format";
import { useClients } from "../../session/context";
import { Buttons } from "../../shell/buttons";
import { Copyable } from "../../shell/copyable";
import { InfoDialog } from "../../shell/dialogs";
import { FaultText } from "../../shell/fault";
import { GuardedButton } from "../../shell/guarded_button";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { useAccessKeys } from "./queries";

const words = text.accessKeys;
const MOST = 2; // IAM's quota for a user

export function AccessKeys({ user }: { user: string }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const keys = useAccessKeys(user);
  const [made, setMade] = useState<AccessKey | null>(null);
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
  const remove = async (id: string) => {
    await iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: id }));
    await look();
  };
  return (
    <>
      <ShortTable
        title={words.title}
        rows={keys.data}
        most={MOST}
        failure={keys.error ?? create.error ?? change.error}
        empty={words.none}
        columns={[
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
          { id: "used", header: words.used, cell: (key) => <LastUse id={idOf(key)} /> },
          {
            id: "actions",
            header: words.actions,
            cell: (key) => (
              <Buttons>
                <Button
                  variant="inline-link"
                  ariaLabel={words.switch(key.Status === "Active", idOf(key))}
                  onClick={() => change.mutate(key)}
                >
                  {key.Status === "Active" ? words.deactivate : words.activate}
                </Button>
                <GuardedButton
                  variant="inline-link"
                  ariaLabel={words.deleteOne(idOf(key))}
                  title={words.deleteOne(idOf(key))}
                  warning={words.deleteWarning}
                  phrase={idOf(key)}
                  onConfirm={() => remove(idOf(key))}
                >
                  {text.delete}
                </GuardedButton>
              </Buttons>
            ),
          },
        ]}
        actions={
          <Button
            disabled={!keys.data || keys.data.length >= MOST}
            loading={create.isPending}
            onClick={() => create.mutate()}
          >
            {words.create}
          </Button>
        }
      />
      {made !== null && <NewKey made={made} onClose={() => setMade(null)} />}
    </>
  );
}

/** When a key was last used and for which service, to the minute; its failure is told in its place. */
function LastUse({ id }: { id: string }): ReactNode {
  const { iam } = useClients();
  const use = useQuery({
    queryKey: ["access-key", id],
    queryFn: async () =>
      (await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }))).AccessKeyLastUsed ?? null,
  });
  if (use.error !== null) {
    return <FaultText fault={faultOf(use.error)} />;
  }
  const at = use.data?.LastUsedDate;
  return at === undefined ? "–" : `${formatTime(at)}, ${use.data?.ServiceName}`;
}

function idOf(key: AccessKeyMetadata): string {
  return key.AccessKeyId ?? "";
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
