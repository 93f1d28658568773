/** How long a session of a role may be: people think in hours, IAM in seconds. */

import type { Role } from "@aws-sdk/client-iam";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import { text } from "../../text";

const words = text.roles;
const HOUR = 3600;

/** IAM's standard is an hour. */
export function hoursOf(role: Role | undefined): number {
  return (role?.MaxSessionDuration ?? HOUR) / HOUR;
}

export function secondsOf(hours: string): number {
  return Math.round(Number(hours) * HOUR);
}

/** IAM takes one to twelve. */
export function isHours(hours: string): boolean {
  return secondsOf(hours) >= HOUR && secondsOf(hours) <= 12 * HOUR;
}

export function HoursField(props: { value: string; onChange: (hours: string) => void }): ReactNode {
  const { value, onChange } = props;
  return (
    <FormField
      label={words.hours}
      constraintText={words.hoursConstraint}
      errorText={isHours(value) ? undefined : words.hoursConstraint}
    >
      <Input inputMode="decimal" value={value} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}
