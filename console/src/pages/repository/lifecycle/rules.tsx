/** The rules of a lifecycle policy in words, or the document where the form's words are not enough for it. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { readRules, tellCount, tellSelection } from "../../../domain/lifecycle";
import { indentJson } from "../../../domain/policy";
import { formatTime } from "../../../format";
import { Buttons } from "../../../shell/buttons";
import { GuardedButton } from "../../../shell/guarded_button";
import { JsonText } from "../../../shell/json_text";
import { text } from "../../../text";
import type { LifecyclePolicy } from "./queries";

const words = text.lifecycle;

export function LifecycleRules(props: {
  /** Null where there is none. */
  policy: LifecyclePolicy | null;
  onEdit: () => void;
  onDelete: () => Promise<unknown>;
  onTest: (policy: string) => void;
}): ReactNode {
  const { policy, onEdit, onDelete, onTest } = props;
  const header = (
    <Header
      variant="h2"
      description={
        policy === null ? words.description : `${words.evaluated}: ${formatTime(policy.lastEvaluatedAt)}`
      }
      actions={
        <Buttons>
          {policy !== null && (
            <GuardedButton
              title={words.delete}
              warning={words.deleteWarning}
              phrase={words.phrase}
              onConfirm={onDelete}
            >
              {words.delete}
            </GuardedButton>
          )}
          {policy !== null && <Button onClick={() => onTest(policy.text)}>{words.test}</Button>}
          <Button onClick={onEdit}>{policy === null ? words.write : words.edit}</Button>
        </Buttons>
      }
    >
      {words.title}
    </Header>
  );
  const rules = policy === null ? [] : readRules(policy.text);
  if (rules === null) {
    return (
      <Container header={header}>
        <JsonText label={words.document} content={indentJson(policy?.text ?? "")} />
      </Container>
    );
  }
  return (
    <Table
      items={rules}
      trackBy={(rule) => String(rule.id)}
      wrapLines
      ariaLabels={{ tableLabel: words.rules }}
      columnDefinitions={[
        {
          id: "priority",
          header: words.priority,
          cell: (rule) => rule.priority,
          width: 110,
          isRowHeader: true,
        },
        { id: "description", header: words.ruleDescription, cell: (rule) => rule.description || "–" },
        { id: "selection", header: words.selection, cell: tellSelection },
        { id: "count", header: words.countType, cell: tellCount },
        { id: "action", header: words.action, cell: (rule) => words.actions[rule.action], width: 120 },
      ]}
      header={header}
      empty={<Box textAlign="center">{words.none}</Box>}
    />
  );
}
