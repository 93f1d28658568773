/** Managed policies that a user has. */

import { AttachUserPolicyCommand, DetachUserPolicyCommand } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { useAttachedPolicies, useManagedPolicies } from "./queries";

const words = text.attachedPolicies;

export function AttachedPolicies({ user }: { user: string }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const attached = useAttachedPolicies(user);
  const [isAttaching, setAttaching] = useState(false);
  const detach = useMutation({
    mutationFn: (arn: string) => iam.send(new DetachUserPolicyCommand({ UserName: user, PolicyArn: arn })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["user", user, "attached"] }),
  });
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={attached.error ?? detach.error} />
      <Table
        items={attached.data ?? []}
        loading={attached.isPending}
        loadingText={text.table.loading}
        ariaLabels={{ tableLabel: words.title }}
        columnDefinitions={[
          { id: "name", header: words.name, cell: (policy) => policy.PolicyName, isRowHeader: true },
          { id: "arn", header: words.arn, cell: (policy) => policy.PolicyArn },
          {
            id: "actions",
            header: words.actions,
            cell: (policy) => (
              <Button
                variant="inline-link"
                ariaLabel={words.detachOne(policy.PolicyName ?? "")}
                onClick={() => detach.mutate(policy.PolicyArn ?? "")}
              >
                {words.detach}
              </Button>
            ),
          },
        ]}
        header={
          <Header
            variant="h2"
            counter={`(${attached.data?.length ?? 0})`}
            actions={<Button onClick={() => setAttaching(true)}>{words.attach}</Button>}
          >
            {words.title}
          </Header>
        }
        empty={<Box textAlign="center">{words.none}</Box>}
      />
      {isAttaching && <AttachPolicy user={user} onClose={() => setAttaching(false)} />}
    </SpaceBetween>
  );
}

function AttachPolicy({ user, onClose }: { user: string; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const managed = useManagedPolicies();
  const [arn, setArn] = useState<string | null>(null);
  const options = (managed.data ?? []).map((policy) => ({
    value: policy.Arn ?? "",
    label: policy.PolicyName ?? "",
    description: policy.Arn ?? "",
  }));
  const attach = useMutation({
    mutationFn: () => iam.send(new AttachUserPolicyCommand({ UserName: user, PolicyArn: arn ?? "" })),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ["user", user, "attached"] }),
  });
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={words.attach}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button
              variant="primary"
              disabled={arn === null}
              loading={attach.isPending}
              onClick={() => attach.mutate()}
            >
              {words.attachButton}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FaultAlert failure={managed.error ?? attach.error} />
        <FormField label={words.choose}>
          <Select
            options={options}
            selectedOption={options.find((option) => option.value === arn) ?? null}
            onChange={({ detail }) => setArn(detail.selectedOption.value ?? null)}
            filteringType="auto"
            virtualScroll
            expandToViewport
            placeholder={words.choose}
            statusType={managed.isPending ? "loading" : "finished"}
          />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
