/** Changing a lifecycle policy: rules in a form, or the document itself. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import {
  byPriority,
  changedRule,
  complaintsAbout,
  MOST_RULES,
  newRule,
  type Rule,
  readRules,
  withCopy,
  withMoved,
  withRule,
  writePolicy,
} from "../../../domain/lifecycle";
import { indentJson, jsonComplaint } from "../../../domain/policy";
import { Buttons } from "../../../shell/buttons";
import { FaultAlert } from "../../../shell/fault";
import { PolicyField } from "../../../shell/policy_field";
import { text } from "../../../text";
import { RuleFields } from "./rule_fields";

const words = text.lifecycle;

export function LifecycleEditor(props: {
  /** Null where a new one is written. */
  policy: string | null;
  isSaving: boolean;
  failure: unknown;
  onSave: (policy: string) => void;
  onTest: (policy: string) => void;
  onClose: () => void;
}): ReactNode {
  const { policy, isSaving, failure, onSave, onTest, onClose } = props;
  const [rules, setRules] = useState(() => (policy === null ? [newRule()] : readRules(policy)));
  const [document, setDocument] = useState(() => (policy === null ? "" : indentJson(policy)));
  // The form while the rules can be shown in it and the reader has not chosen otherwise.
  const current = rules === null ? document : writePolicy(rules);
  const complaint = rules === null ? jsonComplaint(document) : null;
  const isRight =
    rules === null
      ? complaint === null
      : rules.length > 0 && rules.every((rule) => Object.keys(complaintsAbout(rule, rules)).length === 0);
  const show = (view: string) => {
    if (view === "form") {
      setRules(readRules(document));
    } else {
      setDocument(current);
      setRules(null);
    }
  };
  return (
    <SpaceBetween size="l">
      <FaultAlert failure={failure} />
      <Container
        header={
          <Header
            variant="h2"
            description={words.description}
            actions={
              <Buttons>
                <Button variant="link" onClick={onClose}>
                  {text.cancel}
                </Button>
                <Button disabled={!isRight} onClick={() => onTest(current)}>
                  {words.test}
                </Button>
                <Button
                  variant="primary"
                  disabled={!isRight}
                  loading={isSaving}
                  onClick={() => onSave(current)}
                >
                  {text.save}
                </Button>
              </Buttons>
            }
          >
            {words.title}
          </Header>
        }
      >
        <SpaceBetween size="l">
          <SegmentedControl
            label={words.view}
            selectedId={rules === null ? "json" : "form"}
            onChange={({ detail }) => show(detail.selectedId)}
            options={[
              {
                id: "form",
                text: words.form,
                disabled: rules === null && readRules(document) === null,
                disabledReason: words.notInForm,
              },
              { id: "json", text: words.json },
            ]}
          />
          {rules === null ? (
            <PolicyField
              label={words.document}
              value={document}
              complaint={complaint}
              onChange={setDocument}
            />
          ) : (
            <RuleForm rules={rules} onChange={setRules} />
          )}
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}

/** Rules stand by priority, except that one whose priority is being typed stays where it is. */
function RuleForm({ rules, onChange }: { rules: Rule[]; onChange: (rules: Rule[]) => void }): ReactNode {
  const isFull = rules.length >= MOST_RULES;
  return (
    <SpaceBetween size="l">
      {rules.length === 0 && <Box>{words.noRules}</Box>}
      {rules.map((rule, place) => (
        <section key={rule.id} aria-label={words.rule(place + 1)}>
          <Container
            header={
              <Header
                variant="h3"
                actions={
                  <Buttons>
                    <Button
                      iconName="angle-up"
                      ariaLabel={words.up(place + 1)}
                      disabled={place === 0}
                      onClick={() => onChange(withMoved(rules, rule, -1))}
                    />
                    <Button
                      iconName="angle-down"
                      ariaLabel={words.down(place + 1)}
                      disabled={place === rules.length - 1}
                      onClick={() => onChange(withMoved(rules, rule, 1))}
                    />
                    <Button
                      iconName="copy"
                      ariaLabel={words.copy(place + 1)}
                      disabled={isFull}
                      onClick={() => onChange(withCopy(rules, rule))}
                    />
                    <Button
                      iconName="remove"
                      ariaLabel={words.remove(place + 1)}
                      onClick={() => onChange(rules.filter((one) => one !== rule))}
                    />
                  </Buttons>
                }
              >
                {words.rule(place + 1)}
              </Header>
            }
          >
            <RuleFields
              rule={rule}
              complaints={complaintsAbout(rule, rules)}
              onChange={(change) =>
                onChange(rules.map((one) => (one === rule ? changedRule(one, change) : one)))
              }
              onLeave={() => onChange(byPriority(rules))}
            />
          </Container>
        </section>
      ))}
      <Button iconName="add-plus" disabled={isFull} onClick={() => onChange(withRule(rules, newRule()))}>
        {words.add}
      </Button>
    </SpaceBetween>
  );
}
