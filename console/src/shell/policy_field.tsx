/** A policy document as text, with what is wrong with it. */

import FormField from "@cloudscape-design/components/form-field";
import Textarea from "@cloudscape-design/components/textarea";
import type { ReactNode } from "react";

const ROWS = 16;

export function PolicyField(props: {
  label: string;
  value: string;
  complaint: string | null;
  onChange: (document: string) => void;
  autoFocus?: boolean;
}): ReactNode {
  const { label, value, complaint, onChange, autoFocus = false } = props;
  return (
    <FormField label={label} errorText={complaint} stretch>
      <Textarea
        value={value}
        onChange={({ detail }) => onChange(detail.value)}
        rows={ROWS}
        spellcheck={false}
        autoFocus={autoFocus}
      />
    </FormField>
  );
}
