/** What one lifecycle rule is about, and what it does. */

import ColumnLayout from "@cloudscape-design/components/column-layout";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useState } from "react";
import { actionsOf, COUNT_TYPES, type Complaints, type Rule, TAG_LISTS } from "../../../domain/lifecycle";
import { text } from "../../../text";

const words = text.lifecycle;

export function RuleFields(props: {
  rule: Rule;
  complaints: Complaints;
  onChange: (change: Partial<Rule>) => void;
  /** The reader has done with the priority. */
  onLeave: () => void;
}): ReactNode {
  const { rule, complaints, onChange, onLeave } = props;
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>
        <FormField
          label={words.priority}
          constraintText={words.priorityDescription}
          errorText={complaints.priority}
        >
          <NumberInput
            value={rule.priority}
            onChange={(priority) => onChange({ priority })}
            onBlur={onLeave}
          />
        </FormField>
        <FormField label={words.ruleDescription}>
          <Input
            value={rule.description}
            onChange={({ detail }) => onChange({ description: detail.value })}
          />
        </FormField>
        <FormField label={words.storageClass}>
          <Choice
            names={words.storageClasses}
            values={["standard", "archive"]}
            chosen={rule.storageClass}
            onChoose={(storageClass) => onChange({ storageClass })}
          />
        </FormField>
        <FormField label={words.tagStatus}>
          <Choice
            names={words.tagStatuses}
            values={["tagged", "untagged", "any"]}
            chosen={rule.tagStatus}
            onChoose={(tagStatus) => onChange({ tagStatus })}
          />
        </FormField>
      </ColumnLayout>
      {rule.tagStatus === "tagged" && (
        <ColumnLayout columns={2}>
          <FormField label={words.matches}>
            <Choice
              names={words.matchesOf}
              values={TAG_LISTS}
              chosen={rule.tagList}
              onChoose={(tagList) => onChange({ tagList })}
            />
          </FormField>
          <FormField
            label={words.tagLists[rule.tagList]}
            constraintText={words.tagListsDescription}
            errorText={complaints.tags}
          >
            <TagsInput tags={rule.tags} onChange={(tags) => onChange({ tags })} />
          </FormField>
        </ColumnLayout>
      )}
      <ColumnLayout columns={3}>
        <FormField label={words.countType}>
          <Choice
            names={words.countTypes}
            values={COUNT_TYPES[rule.storageClass]}
            chosen={rule.countType}
            onChoose={(countType) => onChange({ countType })}
          />
        </FormField>
        <FormField label={words.count[rule.countType]} errorText={complaints.countNumber}>
          <NumberInput value={rule.countNumber} onChange={(countNumber) => onChange({ countNumber })} />
        </FormField>
        <FormField label={words.action}>
          <Choice
            names={words.actions}
            values={actionsOf(rule)}
            chosen={rule.action}
            onChoose={(action) => onChange({ action })}
          />
        </FormField>
      </ColumnLayout>
    </SpaceBetween>
  );
}

function Choice<T extends string>(props: {
  names: Record<T, string>;
  values: readonly T[];
  chosen: T;
  onChoose: (value: T) => void;
}): ReactNode {
  const { names, values, chosen, onChoose } = props;
  return (
    <Select
      options={values.map((value) => ({ value, label: names[value] }))}
      selectedOption={{ value: chosen, label: names[chosen] }}
      onChange={({ detail }) => onChoose(detail.selectedOption.value as T)}
    />
  );
}

/** Empty while there is no number: NaN. */
function NumberInput(props: {
  value: number;
  onChange: (value: number) => void;
  onBlur?: () => void;
}): ReactNode {
  const { value, onChange, onBlur } = props;
  return (
    <Input
      type="number"
      inputMode="numeric"
      value={Number.isNaN(value) ? "" : String(value)}
      onChange={({ detail }) => onChange(detail.value === "" ? Number.NaN : Number(detail.value))}
      onBlur={() => onBlur?.()}
    />
  );
}

/** Keeps what is being typed, with lines that have nothing yet. */
function TagsInput({ tags, onChange }: { tags: string[]; onChange: (tags: string[]) => void }): ReactNode {
  const [typed, setTyped] = useState(() => tags.join("\n"));
  return (
    <Textarea
      value={typed}
      placeholder="v*"
      rows={2}
      spellcheck={false}
      onChange={({ detail }) => {
        setTyped(detail.value);
        onChange(
          detail.value
            .split("\n")
            .map((tag) => tag.trim())
            .filter((tag) => tag !== ""),
        );
      }}
    />
  );
}
