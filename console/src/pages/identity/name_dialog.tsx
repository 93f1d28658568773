/** Asks for the name of something new. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { type ReactNode, useState } from "react";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";

/** What IAM takes as a name, at most so long. */
export function isName(name: string, longest: number): boolean {
  return /^[\w+=,.@-]+$/.test(name) && name.length <= longest;
}

export function NameDialog(props: {
  title: string;
  label: string;
  longest: number;
  isPending: boolean;
  failure: unknown;
  onName: (name: string) => void;
  onClose: () => void;
}): ReactNode {
  const { title, label, longest, isPending, failure, onName, onClose } = props;
  const [name, setName] = useState("");
  return (
    <FormDialog
      title={title}
      button={text.create}
      isReady={isName(name, longest)}
      isPending={isPending}
      onSubmit={() => onName(name)}
      onClose={onClose}
    >
      <FaultAlert failure={failure} />
      <NameField label={label} longest={longest} value={name} onChange={setName} />
    </FormDialog>
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
      constraintText={text.identityName.constraint(longest)}
      errorText={value !== "" && !isName(value, longest) ? text.identityName.wrong(longest) : undefined}
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
