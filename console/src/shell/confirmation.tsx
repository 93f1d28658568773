/** Asks to type what goes away for good, before it does. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { text } from "../text";
import { FaultAlert } from "./fault";

export interface ConfirmationProps {
  title: string;
  /** What happens, and that it cannot be undone. */
  warning: ReactNode;
  /** What has to be typed. */
  phrase: string;
  button: string;
  isPending: boolean;
  failure: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirmation(props: ConfirmationProps): ReactNode {
  const { title, warning, phrase, button, isPending, failure, onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const form = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === phrase && !isPending) {
      onConfirm();
    }
  };
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button
              variant="primary"
              form={form}
              formAction="submit"
              loading={isPending}
              disabled={typed !== phrase}
            >
              {button}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id={form} onSubmit={submit}>
        <SpaceBetween size="m">
          <Alert type="warning">{warning}</Alert>
          <FormField label={text.confirm(phrase)}>
            <Input
              value={typed}
              onChange={({ detail }) => setTyped(detail.value)}
              placeholder={phrase}
              autoComplete={false}
              spellcheck={false}
              autoFocus
            />
          </FormField>
          <FaultAlert failure={failure} />
        </SpaceBetween>
      </form>
    </Modal>
  );
}
