/** The field for how long a session of a role may be. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import { areHours } from "../../domain/session_hours";
import { text } from "../../text";

const words = text.roles;
export function HoursField(props: { value: string; onChange: (hours: string) => void }): ReactNode {
  const { value, onChange } = props;
  return (
    <FormField
      label={words.hours}
      constraintText={words.hoursConstraint}
      errorText={areHours(value) ? undefined : words.hoursConstraint}
    >
      <Input inputMode="decimal" value={value} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}
