/** One policy: who may do what by it, and its text to change. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { indentJson, type PolicyKind, readPolicy, type Statement } from "../domain/policy";
import { text } from "../text";
import { Buttons } from "./buttons";
import { FaultAlert } from "./fault";
import { GuardedButton } from "./guarded_button";
import { JsonText } from "./json_text";
import { Lines } from "./lines";
import { PolicyField } from "./policy_field";

const words = text.policies;

export interface PolicyEditorProps {
  title: string;
  description: string;
  kind: PolicyKind;
  /** Null where there is none; undefined until it is known. */
  policy: string | null | undefined;
  failure: unknown;
  /** What a new policy begins with. */
  example: string;
  /** Whether the API takes a policy that would shut its author out, where it is told to. */
  canForce?: boolean;
  /** Left out where it cannot be changed; so is the other where it cannot be deleted. */
  onSave?: (policy: string, isForced: boolean) => Promise<void>;
  onDelete?: () => Promise<void>;
}

export function PolicyEditor(props: PolicyEditorProps): ReactNode {
  const { title, description, kind, policy, failure, example, onSave, onDelete } = props;
  const [draft, setDraft] = useState<string | null>(null);
  if (draft !== null) {
    return <PolicyForm {...props} draft={draft} onDraft={setDraft} onClose={() => setDraft(null)} />;
  }
  const { statements } = readPolicy(policy ?? "{}", kind);
  return (
    <SpaceBetween size="l">
      <FaultAlert failure={failure} />
      {policy === undefined && !failure && <Spinner size="large" />}
      {policy !== undefined && (
        <SpaceBetween size="l">
          <WhoMayWhat
            kind={kind}
            statements={statements}
            header={
              <Header
                variant="h2"
                description={description}
                actions={
                  <Buttons>
                    {onDelete !== undefined && (
                      <GuardedButton
                        title={words.delete}
                        warning={words.deleteWarning}
                        phrase={words.phrase}
                        isDisabled={policy === null}
                        onConfirm={onDelete}
                      >
                        {words.delete}
                      </GuardedButton>
                    )}
                    {onSave !== undefined && (
                      <Button onClick={() => setDraft(policy === null ? example : indentJson(policy))}>
                        {words.edit}
                      </Button>
                    )}
                  </Buttons>
                }
              >
                {title}
              </Header>
            }
          />
          {policy !== null && (
            <Container header={<Header variant="h2">{words.document}</Header>}>
              <JsonText label={words.document} content={indentJson(policy)} />
            </Container>
          )}
        </SpaceBetween>
      )}
    </SpaceBetween>
  );
}

function PolicyForm(
  props: PolicyEditorProps & { draft: string; onDraft: (draft: string) => void; onClose: () => void },
): ReactNode {
  const { title, kind, draft, canForce = false, onDraft, onClose, onSave } = props;
  const [isForced, setForced] = useState(false);
  const save = useMutation({ mutationFn: async () => await onSave?.(draft, isForced), onSuccess: onClose });
  const { statements, complaint } = readPolicy(draft, kind);
  return (
    <SpaceBetween size="l">
      <FaultAlert failure={save.error} />
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <Buttons>
                <Button variant="link" onClick={onClose}>
                  {text.cancel}
                </Button>
                <Button
                  variant="primary"
                  disabled={complaint !== null}
                  loading={save.isPending}
                  onClick={() => save.mutate()}
                >
                  {text.save}
                </Button>
              </Buttons>
            }
          >
            {title}
          </Header>
        }
      >
        <SpaceBetween size="m">
          <PolicyField
            label={words.document}
            value={draft}
            complaint={complaint}
            onChange={onDraft}
            autoFocus
          />
          {canForce && (
            <Checkbox checked={isForced} onChange={({ detail }) => setForced(detail.checked)}>
              {words.force}
            </Checkbox>
          )}
        </SpaceBetween>
      </Container>
      <WhoMayWhat kind={kind} statements={statements} header={<Header variant="h2">{words.reads}</Header>} />
    </SpaceBetween>
  );
}

function WhoMayWhat(props: { kind: PolicyKind; statements: Statement[]; header: ReactNode }): ReactNode {
  const { kind, statements, header } = props;
  const about = kind === "resource" ? words.principals : words.resources;
  return (
    <Table
      items={statements.map((statement, place) => ({ ...statement, place }))}
      trackBy={(statement) => String(statement.place)}
      wrapLines
      ariaLabels={{ tableLabel: words.reads }}
      columnDefinitions={[
        {
          id: "effect",
          header: words.effectColumn,
          cell: (one) => one.effect,
          width: 100,
          isRowHeader: true,
        },
        {
          id: "about",
          header: about,
          cell: (one) => <Lines lines={kind === "resource" ? one.principals : one.resources} />,
        },
        { id: "actions", header: words.actions, cell: (one) => <Lines lines={one.actions} /> },
        { id: "conditions", header: words.conditions, cell: (one) => <Lines lines={one.conditions} /> },
        { id: "sid", header: words.sid, cell: (one) => one.sid || "–" },
      ]}
      header={header}
      empty={<Box textAlign="center">{words.none}</Box>}
    />
  );
}
