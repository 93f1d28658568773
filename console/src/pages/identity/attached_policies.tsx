/** Managed policies that a user, a group or a role has. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Identity, policiesOf } from "../../api/identities";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { ChoiceDialog } from "../../shell/choice_dialog";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { attachedKey, useAttachedPolicies, usePolicies } from "./queries";

const words = text.attachedPolicies;

export function AttachedPolicies({ identity }: { identity: Identity }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const attached = useAttachedPolicies(identity);
  const [isAttaching, setAttaching] = useState(false);
  const detach = useMutation({
    mutationFn: (arn: string) => policiesOf(iam, identity.kind).detach(identity.name, arn),
    onSettled: () => queries.invalidateQueries({ queryKey: attachedKey(identity) }),
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
          {
            id: "name",
            header: words.name,
            cell: (policy) => (
              <PageLink to={paths.policy(policy.PolicyArn ?? "")}>{policy.PolicyName}</PageLink>
            ),
            isRowHeader: true,
          },
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
      {isAttaching && <AttachPolicy identity={identity} onClose={() => setAttaching(false)} />}
    </SpaceBetween>
  );
}

function AttachPolicy({ identity, onClose }: { identity: Identity; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const managed = usePolicies();
  const attach = useMutation({
    mutationFn: (arn: string) => policiesOf(iam, identity.kind).attach(identity.name, arn),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: attachedKey(identity) }),
  });
  return (
    <ChoiceDialog
      title={words.attach}
      button={words.attachButton}
      label={words.choose}
      options={managed.entries.map((policy) => ({
        value: policy.Arn ?? "",
        label: policy.PolicyName ?? "",
        description: policy.Arn ?? "",
      }))}
      isLoading={!managed.isComplete}
      isPending={attach.isPending}
      failure={managed.failure ?? attach.error}
      onChoose={attach.mutate}
      onClose={onClose}
    />
  );
}
