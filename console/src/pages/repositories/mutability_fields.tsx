/** The choice between tags that move and tags that stay, and the exceptions from it. */

import FormField from "@cloudscape-design/components/form-field";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { type Choice, complaintAboutFilter, MOST_EXCEPTIONS, type Mutability } from "../../domain/mutability";
import { TextFields } from "../../shell/text_fields";
import { text } from "../../text";

const words = text.mutability;

export function MutabilityFields(props: {
  value: Mutability;
  onChange: (mutability: Mutability) => void;
}): ReactNode {
  const { value, onChange } = props;
  const { choice, exceptions } = value;
  return (
    <SpaceBetween size="l">
      <FormField label={words.label} stretch>
        <RadioGroup
          value={choice}
          onChange={({ detail }) => onChange({ choice: detail.value as Choice, exceptions })}
          items={[
            { value: "MUTABLE", label: words.names.MUTABLE, description: words.mutable },
            { value: "IMMUTABLE", label: words.names.IMMUTABLE, description: words.immutable },
          ]}
        />
      </FormField>
      <FormField label={words.exceptions[choice]} description={words.filters} stretch>
        <TextFields
          values={exceptions}
          onChange={(next) => onChange({ choice, exceptions: next })}
          most={MOST_EXCEPTIONS}
          label={words.filter}
          add={words.add}
          none={words.noExceptions}
          removeLabel={words.remove}
          placeholder="release-*"
          complaintAbout={complaintAboutFilter}
        />
      </FormField>
    </SpaceBetween>
  );
}
