/** Policies that belong to one user alone. */

import { DeleteUserPolicyCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { readPolicy } from "../../domain/policy";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { PolicyEditor } from "../../shell/policy_editor";
import { text } from "../../text";
import { useInlinePolicies, useInlinePolicy } from "./queries";

const words = text.inlinePolicies;
const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;
const EXAMPLE = JSON.stringify(
  {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "ecr:*", Resource: "*" }],
  },
  null,
  2,
);

export function InlinePolicies({ user }: { user: string }): ReactNode {
  const policies = useInlinePolicies(user);
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
        {isAdding && <AddPolicy user={user} onClose={() => setAdding(false)} />}
        {policies.data?.length === 0 && !isAdding && <Box textAlign="center">{words.none}</Box>}
        {policies.data?.map((policy) => (
          <InlinePolicy key={policy} user={user} policy={policy} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function InlinePolicy({ user, policy }: { user: string; policy: string }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const look = () => queries.invalidateQueries({ queryKey: ["user", user, "inline"] });
  return (
    <ExpandableSection
      headerText={policy}
      expanded={isOpen}
      onChange={({ detail }) => setOpen(detail.expanded)}
    >
      {isOpen && (
        <InlineEditor
          user={user}
          policy={policy}
          onSave={async (document) => {
            await iam.send(
              new PutUserPolicyCommand({ UserName: user, PolicyName: policy, PolicyDocument: document }),
            );
            await look();
          }}
          onDelete={async () => {
            await iam.send(new DeleteUserPolicyCommand({ UserName: user, PolicyName: policy }));
            await look();
          }}
        />
      )}
    </ExpandableSection>
  );
}

function InlineEditor(props: {
  user: string;
  policy: string;
  onSave: (document: string) => Promise<void>;
  onDelete: () => Promise<void>;
}): ReactNode {
  const { user, policy, onSave, onDelete } = props;
  const document = useInlinePolicy(user, policy);
  return (
    <PolicyEditor
      title={policy}
      description={words.description}
      kind="identity"
      policy={document.data}
      failure={document.error}
      example={EXAMPLE}
      onSave={onSave}
      onDelete={onDelete}
    />
  );
}

function AddPolicy({ user, onClose }: { user: string; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [document, setDocument] = useState(EXAMPLE);
  const { complaint } = readPolicy(document, "identity");
  const isNamed = POLICY_NAME.test(name);
  const add = useMutation({
    mutationFn: () =>
      iam.send(new PutUserPolicyCommand({ UserName: user, PolicyName: name, PolicyDocument: document })),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ["user", user, "inline"] }),
  });
  return (
    <SpaceBetween size="m">
      <FaultAlert failure={add.error} />
      <FormField label={words.name} errorText={name !== "" && !isNamed ? words.wrongName : undefined}>
        <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} autoFocus />
      </FormField>
      <FormField label={text.policies.document} errorText={complaint} stretch>
        <Textarea
          value={document}
          onChange={({ detail }) => setDocument(detail.value)}
          rows={12}
          spellcheck={false}
        />
      </FormField>
      <SpaceBetween direction="horizontal" size="xs">
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
      </SpaceBetween>
    </SpaceBetween>
  );
}
