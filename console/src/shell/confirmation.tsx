/** Asks to type what goes away for good, before it does. */

import Alert from "@cloudscape-design/components/alert";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { text } from "../text";
import { FormDialog } from "./dialogs";
import { FaultAlert } from "./fault";
import type { Progress } from "./progress";

export interface ConfirmationProps {
  title: string;
  /** What happens, and that it cannot be undone. */
  warning: ReactNode;
  /** What has to be typed. */
  phrase: string;
  button: string;
  isPending: boolean;
  progress?: Progress | null;
  failure: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirmation(props: ConfirmationProps): ReactNode {
  const { title, warning, phrase, button, isPending, failure, onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const field = useRef<InputProps.Ref>(null);
  useEffect(() => {
    // After the dialog has put the focus on its first button.
    const frame = window.requestAnimationFrame(() => field.current?.focus());
    return () => window.cancelAnimationFrame(frame);
  }, []);
  return (
    <FormDialog
      title={title}
      button={button}
      isReady={typed === phrase}
      isPending={isPending}
      progress={props.progress ?? null}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      <Alert type="warning">{warning}</Alert>
      <FormField label={text.confirm(phrase)}>
        <Input
          value={typed}
          onChange={({ detail }) => setTyped(detail.value)}
          placeholder={phrase}
          autoComplete={false}
          spellcheck={false}
          ref={field}
        />
      </FormField>
      <FaultAlert failure={failure} />
    </FormDialog>
  );
}
