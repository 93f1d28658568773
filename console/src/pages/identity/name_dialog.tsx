/** Asks for the name of a user, a group, a role or a policy. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import { TextDialog } from "../../shell/text_dialog";
import { text } from "../../text";

const words = text.identityName;

/** What IAM takes as a name, at most so long. */
export function isName(name: string, longest: number): boolean {
  return /^[\w+=,.@-]+$/.test(name) && name.length <= longest;
}

export function NameDialog(props: {
  title: string;
  button: string;
  label: string;
  longest: number;
  /** The name that there is, where there is one. */
  name?: string;
  isPending: boolean;
  failure: unknown;
  onName: (name: string) => void;
  onClose: () => void;
  /** More fields. */
  children?: ReactNode;
}): ReactNode {
  const { longest, name = "", onName, ...rest } = props;
  return (
    <TextDialog
      {...rest}
      value={name}
      constraint={words.constraint(longest)}
      complaintAbout={(entered) => (isName(entered, longest) ? null : words.wrong(longest))}
      onText={onName}
    />
  );
}

export function NameField(props: {
  label: string;
  longest: number;
  value: string;
  onChange: (name: string) => void;
}): ReactNode {
  const { label, longest, value, onChange } = props;
  return (
    <FormField
      label={label}
      constraintText={words.constraint(longest)}
      errorText={value !== "" && !isName(value, longest) ? words.wrong(longest) : undefined}
    >
      <Input
        value={value}
        onChange={({ detail }) => onChange(detail.value)}
        spellcheck={false}
        autoComplete={false}
        autoFocus
      />
    </FormField>
  );
}
