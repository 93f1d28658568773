/** Names with values, as many as are wanted. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import { text } from "../text";

export interface NamedValue {
  name: string;
  value: string;
}

export function ValueFields(props: {
  values: NamedValue[];
  onChange: (values: NamedValue[]) => void;
  most: number;
  /** What the button says, and what a name is called. */
  add: string;
  name: string;
  none: string;
}): ReactNode {
  const { values, onChange, most, add, name, none } = props;
  const set = (place: number, change: Partial<NamedValue>) =>
    onChange(values.map((one, at) => (at === place ? { ...one, ...change } : one)));
  return (
    <AttributeEditor
      items={values}
      addButtonText={add}
      removeButtonText={text.remove}
      removeButtonAriaLabel={(one) => text.removeOne(one.name)}
      disableAddButton={values.length >= most}
      empty={none}
      onAddButtonClick={() => onChange([...values, { name: "", value: "" }])}
      onRemoveButtonClick={({ detail }) => onChange(values.filter((_, place) => place !== detail.itemIndex))}
      definition={[
        {
          label: name,
          control: (one, place) => (
            <Input
              value={one.name}
              ariaLabel={name}
              spellcheck={false}
              onChange={({ detail }) => set(place, { name: detail.value })}
            />
          ),
        },
        {
          label: text.tags.value,
          control: (one, place) => (
            <Input
              value={one.value}
              ariaLabel={text.tags.value}
              spellcheck={false}
              onChange={({ detail }) => set(place, { value: detail.value })}
            />
          ),
        },
      ]}
    />
  );
}
