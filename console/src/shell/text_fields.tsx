/** Short texts, as many as are wanted, each in a field of its own. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import { text } from "../text";

export function TextFields(props: {
  values: string[];
  onChange: (values: string[]) => void;
  most: number;
  /** What one of them is called. */
  label: string;
  /** What the button says that adds a field. */
  add: string;
  none: string;
  /** What the button is called that takes one away. */
  removeLabel?: (value: string) => string;
  placeholder?: string;
  /** What is wrong with one; null where nothing is. An empty one is never wrong. */
  complaintAbout: (value: string) => string | null;
}): ReactNode {
  const { values, onChange, most, label, add, none, complaintAbout } = props;
  const { removeLabel = text.removeOne, placeholder = "" } = props;
  return (
    <AttributeEditor
      items={values}
      addButtonText={add}
      removeButtonText={text.remove}
      removeButtonAriaLabel={removeLabel}
      disableAddButton={values.length >= most}
      empty={none}
      onAddButtonClick={() => onChange([...values, ""])}
      onRemoveButtonClick={({ detail }) => onChange(values.filter((_, place) => place !== detail.itemIndex))}
      definition={[
        {
          label,
          control: (value, place) => (
            <Input
              value={value}
              ariaLabel={label}
              spellcheck={false}
              placeholder={placeholder}
              onChange={({ detail }) =>
                onChange(values.map((one, at) => (at === place ? detail.value : one)))
              }
            />
          ),
          errorText: (value) => (value === "" ? null : complaintAbout(value)),
        },
      ]}
    />
  );
}
