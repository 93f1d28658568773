/** The choice between tags that move and tags that stay, and the exceptions from it. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { type Choice, complaintAboutFilter, MOST_EXCEPTIONS, type Mutability } from "../../domain/mutability";
import { text } from "../../text";

const words = text.mutability;

export function MutabilityFields(props: {
  value: Mutability;
  onChange: (mutability: Mutability) => void;
}): ReactNode {
  const { value, onChange } = props;
  const { choice, exceptions } = value;
  const set = (next: string[]) => onChange({ choice, exceptions: next });
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
        <AttributeEditor
          items={exceptions}
          addButtonText={words.add}
          removeButtonText={text.remove}
          removeButtonAriaLabel={(filter) => words.remove(filter)}
          disableAddButton={exceptions.length >= MOST_EXCEPTIONS}
          empty={words.noExceptions}
          onAddButtonClick={() => set([...exceptions, ""])}
          onRemoveButtonClick={({ detail }) =>
            set(exceptions.filter((_, place) => place !== detail.itemIndex))
          }
          definition={[
            {
              label: words.filter,
              control: (filter, place) => (
                <Input
                  value={filter}
                  ariaLabel={words.filter}
                  spellcheck={false}
                  placeholder="release-*"
                  onChange={({ detail }) =>
                    set(exceptions.map((one, at) => (at === place ? detail.value : one)))
                  }
                />
              ),
              errorText: (filter) => (filter === "" ? null : complaintAboutFilter(filter)),
            },
          ]}
        />
      </FormField>
    </SpaceBetween>
  );
}
