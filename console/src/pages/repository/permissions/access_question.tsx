/** Why somebody may or may not do something: the decision, and every policy that was looked at for it. */

import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import type { ExplainAccessResponse, StatementPlace } from "../../../../generated/entrepot";
import { REPOSITORY_ACTIONS, resourceOf } from "../../../domain/access";
import { useEntrepot, useSession } from "../../../session/context";
import { Arrival } from "../../../shell/arrival";
import { FaultAlert } from "../../../shell/fault";
import { SubmitForm } from "../../../shell/submit_form";
import { type NamedValue, ValueFields } from "../../../shell/value_fields";
import { text } from "../../../text";
import { useRoles, useUsers } from "../../identity/queries";

const words = text.access;
const MOST_OFFERED = 1000;
const MOST_CONTEXT = 50; // of ExplainAccess

/** Whose access is in question, and to do what. */
export interface AccessTopic {
  principal: string;
  action: string;
}

/** Asks at once where a topic is given. */
export function AccessQuestion(props: { repositoryArn: string; topic: AccessTopic | null }): ReactNode {
  const { repositoryArn, topic } = props;
  const call = useEntrepot();
  const [principal, setPrincipal] = useState(topic?.principal ?? "");
  const [action, setAction] = useState(topic?.action ?? "");
  const [context, setContext] = useState<NamedValue[]>([]);
  const principals = usePrincipals();
  const explain = useMutation({
    mutationFn: () =>
      call("ExplainAccess", {
        principal: principal.trim(),
        action: action.trim(),
        resource: resourceOf(action.trim(), repositoryArn),
        context: context.map(({ name, value }) => ({ key: name, values: [value] })),
      }),
  });
  const { mutate } = explain;
  useEffect(() => {
    if (topic !== null) {
      mutate();
    }
  }, [topic, mutate]);
  const isReady = principal.trim() !== "" && action.trim() !== "" && context.every(({ name }) => name !== "");
  return (
    <SpaceBetween size="l">
      <SubmitForm isReady={isReady} isPending={explain.isPending} onSubmit={() => explain.mutate()}>
        <Container
          header={
            <Header variant="h2" description={words.questionDescription}>
              {words.question}
            </Header>
          }
          footer={
            <Button variant="primary" formAction="submit" disabled={!isReady} loading={explain.isPending}>
              {words.ask}
            </Button>
          }
        >
          <SpaceBetween size="m">
            <ColumnLayout columns={2}>
              <FormField label={words.principal} constraintText={words.principalConstraint}>
                <Suggest value={principal} options={principals} onChange={setPrincipal} />
              </FormField>
              <FormField label={words.action}>
                <Suggest value={action} options={REPOSITORY_ACTIONS} onChange={setAction} />
              </FormField>
            </ColumnLayout>
            <FormField label={words.context} description={words.contextDescription} stretch>
              <ValueFields
                values={context}
                onChange={setContext}
                most={MOST_CONTEXT}
                add={words.addContext}
                name={words.contextKey}
                none={words.noContext}
              />
            </FormField>
          </SpaceBetween>
        </Container>
      </SubmitForm>
      <FaultAlert failure={explain.error} />
      {explain.data !== undefined && (
        <Arrival key={explain.submittedAt}>
          <Explanation explained={explain.data} />
        </Arrival>
      )}
    </SpaceBetween>
  );
}

function usePrincipals(): string[] {
  const { account } = useSession();
  const users = useUsers();
  const roles = useRoles();
  const arns = [...users.entries, ...roles.entries].slice(0, MOST_OFFERED).map((one) => one.Arn ?? "");
  return [`arn:aws:iam::${account}:root`, ...arns];
}

function Suggest(props: {
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
}): ReactNode {
  const { value, options, onChange } = props;
  return (
    <Autosuggest
      value={value}
      onChange={({ detail }) => onChange(detail.value)}
      options={options.map((option) => ({ value: option }))}
      enteredTextLabel={words.use}
      virtualScroll
    />
  );
}

/** One statement of a policy that was looked at. */
interface LookedAt {
  policy: string;
  type: string;
  statement: string;
  effect: string;
  outcome: string;
}

function Explanation({ explained }: { explained: ExplainAccessResponse }): ReactNode {
  const isAllowed = explained.decision === "allowed";
  const statements = lookedAt(explained);
  return (
    <Table
      items={statements}
      wrapLines
      ariaLabels={{ tableLabel: words.policies }}
      columnDefinitions={[
        { id: "policy", header: words.policy, cell: (one) => one.policy, isRowHeader: true },
        { id: "type", header: words.policyType, cell: (one) => one.type },
        { id: "statement", header: words.statement, cell: (one) => one.statement },
        { id: "effect", header: text.policies.effectColumn, cell: (one) => one.effect, width: 110 },
        { id: "outcome", header: words.outcome, cell: (one) => one.outcome },
      ]}
      header={
        <SpaceBetween size="xs">
          <Header variant="h2" description={`${explained.principalArn} ${explained.action}`}>
            {words.answer}
          </Header>
          <StatusIndicator type={isAllowed ? "success" : "error"}>
            {isAllowed ? words.allowed : words.refused}
          </StatusIndicator>
          <Box>{explained.because}</Box>
          {explained.notes?.map((note) => (
            <Box key={note}>{note}</Box>
          ))}
        </SpaceBetween>
      }
      empty={<Box textAlign="center">{words.noPolicies}</Box>}
    />
  );
}

function lookedAt({ policies, decidedBy }: ExplainAccessResponse): LookedAt[] {
  return (policies ?? []).flatMap((policy) =>
    (policy.statements ?? []).map((one) => {
      const place = { policyName: policy.name, policyType: policy.type, index: one.index };
      const fits = isPlace(decidedBy, place) ? words.decided : words.fits;
      return {
        policy: policy.name ?? "",
        type: policy.type ?? "",
        statement: one.sid ? `${one.index} (${one.sid})` : String(one.index),
        effect: one.effect ?? "",
        outcome: one.fits ? fits : words.doesNotFit(one.because ?? ""),
      };
    }),
  );
}

function isPlace(decided: StatementPlace | undefined, place: StatementPlace): boolean {
  return (
    decided?.policyName === place.policyName &&
    decided?.policyType === place.policyType &&
    decided?.index === place.index
  );
}
