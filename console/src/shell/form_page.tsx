/** A page that asks for something new. */

import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { text } from "../text";
import { Buttons } from "./buttons";

/** The button and the return key both go on, where what was entered may be sent and is not on its way. */
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
    <ContentLayout header={<Header variant="h1">{title}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isPending) {
            onSubmit();
          }
        }}
      >
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
      </form>
    </ContentLayout>
  );
}
