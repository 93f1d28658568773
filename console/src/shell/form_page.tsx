/** A page that is a form. */

import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { text } from "../text";
import { Buttons } from "./buttons";
import { Page } from "./page";
import { SubmitForm } from "./submit_form";

export function FormPage(props: {
  title: string;
  /** What the button says that goes on. */
  button: string;
  isReady: boolean;
  isPending: boolean;
  onSubmit: () => void;
  onCancel: () => void;
  children: ReactNode;
}): ReactNode {
  const { title, button, isReady, isPending, onSubmit, onCancel, children } = props;
  return (
    <Page title={title}>
      <SubmitForm isReady={isReady} isPending={isPending} onSubmit={onSubmit}>
        <Form
          actions={
            <Buttons>
              <Button variant="link" formAction="none" onClick={onCancel}>
                {text.cancel}
              </Button>
              <Button variant="primary" formAction="submit" disabled={!isReady} loading={isPending}>
                {button}
              </Button>
            </Buttons>
          }
        >
          <SpaceBetween size="l">{children}</SpaceBetween>
        </Form>
      </SubmitForm>
    </Page>
  );
}
