/** Managed policies that a user, a group or a role has. */

import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Identity, policiesOf } from "../../api/identities";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { ChoiceDialog } from "../../shell/choice_dialog";
import { PageLink } from "../../shell/links";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { usePolicyOptions } from "./boundary";
import { attachedKey, useAttachedPolicies } from "./queries";

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
    <>
      <ShortTable
        title={words.title}
        rows={attached.data}
        failure={attached.error ?? detach.error}
        empty={words.none}
        columns={[
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
        actions={<Button onClick={() => setAttaching(true)}>{words.attach}</Button>}
      />
      {isAttaching && <AttachPolicy identity={identity} onClose={() => setAttaching(false)} />}
    </>
  );
}

function AttachPolicy({ identity, onClose }: { identity: Identity; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const policies = usePolicyOptions();
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
      options={policies.options}
      isLoading={policies.isLoading}
      isPending={attach.isPending}
      failure={policies.failure ?? attach.error}
      onChoose={attach.mutate}
      onClose={onClose}
    />
  );
}
