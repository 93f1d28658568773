/** Policies that belong to one user, group or role alone. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Identity, policiesOf } from "../../api/identities";
import { policyOf, readPolicy } from "../../domain/policy";
import { useClients } from "../../session/context";
import { Buttons } from "../../shell/buttons";
import { FaultAlert } from "../../shell/fault";
import { PolicyEditor } from "../../shell/policy_editor";
import { PolicyField } from "../../shell/policy_field";
import { text } from "../../text";
import { LONGEST_NAME } from "./longest_name";
import { isName, NameField } from "./name_dialog";
import { inlineKey, useInlinePolicies, useInlinePolicy } from "./queries";

const words = text.inlinePolicies;
export const EXAMPLE = policyOf({ Effect: "Allow", Action: "ecr:*", Resource: "*" });

export function InlinePolicies({ identity }: { identity: Identity }): ReactNode {
  const policies = useInlinePolicies(identity);
  const [isAdding, setAdding] = useState(false);
  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={`(${policies.data?.length ?? 0})`}
          actions={
            <Button disabled={isAdding} onClick={() => setAdding(true)}>
              {words.add}
            </Button>
          }
        >
          {words.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FaultAlert failure={policies.error} />
        {isAdding && <AddPolicy identity={identity} onClose={() => setAdding(false)} />}
        {policies.data?.length === 0 && !isAdding && <Box textAlign="center">{words.none}</Box>}
        {policies.data?.map((policy) => (
          <InlinePolicy key={policy} identity={identity} policy={policy} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function InlinePolicy({ identity, policy }: { identity: Identity; policy: string }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const look = () => queries.invalidateQueries({ queryKey: inlineKey(identity) });
  return (
    <ExpandableSection
      headerText={policy}
      expanded={isOpen}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {isOpen && (
        <InlineEditor
          identity={identity}
          policy={policy}
          onSave={async (document) => {
            await policiesOf(iam, identity.kind).put(identity.name, policy, document);
            await look();
          }}
          onDelete={async () => {
            await policiesOf(iam, identity.kind).remove(identity.name, policy);
            await look();
          }}
        />
      )}
    </ExpandableSection>
  );
}

function InlineEditor(props: {
  identity: Identity;
  policy: string;
  onSave: (document: string) => Promise<void>;
  onDelete: () => Promise<void>;
}): ReactNode {
  const { identity, policy, onSave, onDelete } = props;
  const document = useInlinePolicy(identity, policy);
  return (
    <PolicyEditor
      title={policy}
      description={words.descriptions[identity.kind]}
      kind="identity"
      policy={document.data}
      failure={document.error}
      example={EXAMPLE}
      onSave={onSave}
      onDelete={onDelete}
    />
  );
}

function AddPolicy({ identity, onClose }: { identity: Identity; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [document, setDocument] = useState(EXAMPLE);
  const { complaint } = readPolicy(document, "identity");
  const isNamed = isName(name, LONGEST_NAME.policy);
  const add = useMutation({
    mutationFn: () => policiesOf(iam, identity.kind).put(identity.name, name, document),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: inlineKey(identity) }),
  });
  return (
    <SpaceBetween size="m">
      <FaultAlert failure={add.error} />
      <NameField label={words.name} longest={LONGEST_NAME.policy} value={name} onChange={setName} />
      <PolicyField
        label={text.policies.document}
        value={document}
        complaint={complaint}
        onChange={setDocument}
      />
      <Buttons>
        <Button variant="link" onClick={onClose}>
          {text.cancel}
        </Button>
        <Button
          variant="primary"
          disabled={!isNamed || complaint !== null}
          loading={add.isPending}
          onClick={() => add.mutate()}
        >
          {text.save}
        </Button>
      </Buttons>
    </SpaceBetween>
  );
}
