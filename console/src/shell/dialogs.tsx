/** Dialogs: one that asks for something, and one that only tells. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, type ReactNode, useEffect, useId, useState } from "react";
import { text } from "../text";
import { type Progress, ProgressOf } from "./progress";

export interface FormDialogProps {
  title: string;
  /** What the button says that goes on. */
  button: string;
  /** Whether what was entered may be sent. */
  isReady: boolean;
  isPending?: boolean;
  /** How far what was sent is. */
  progress?: Progress | null;
  size?: ModalProps.Size;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** The button and the return key both go on, where what was entered may be sent and is not on its way. */
export function FormDialog(props: FormDialogProps): ReactNode {
  const { title, button, isReady, isPending = false, size = "medium", onSubmit, onClose, children } = props;
  const { progress = null } = props;
  const form = useId();
  useFocusGivenBack();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady && !isPending) {
      onSubmit();
    }
  };
  return (
    <Modal
      visible
      size={size}
      onDismiss={onClose}
      header={title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button variant="primary" form={form} formAction="submit" loading={isPending} disabled={!isReady}>
              {button}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id={form} onSubmit={submit}>
        <SpaceBetween size="m">
          {children}
          {progress !== null && <ProgressOf progress={progress} />}
        </SpaceBetween>
      </form>
    </Modal>
  );
}

export function InfoDialog(props: {
  title: string;
  size?: ModalProps.Size;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const { title, size = "medium", onClose, children } = props;
  useFocusGivenBack();
  return (
    <Modal
      visible
      size={size}
      onDismiss={onClose}
      header={title}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {text.close}
          </Button>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}

/**
 * Gives the focus back to what opened the dialog. The design system's own way keeps in mind what has the focus once
 * the dialog is there, which is a field of the dialog where that asks for it.
 */
function useFocusGivenBack(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      window.requestAnimationFrame(() => {
        if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body) {
          opener.focus();
        }
      });
    },
    [opener],
  );
}
