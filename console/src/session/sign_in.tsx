/** Signing in with access keys, in place: whoever signs in again is where they were. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect } from "react";
import { FaultAlert } from "../shell/fault";
import { text } from "../text";
import { useSessionState } from "./context";
import { useSignIn } from "./key_fields";
import { tellWho } from "./session";

export function SignInPage(): ReactNode {
  const { others, isExpired, begin, switchTo } = useSessionState();
  const { fields, isReady, isPending, failure, submit } = useSignIn(begin);

  useEffect(() => {
    document.title = `${text.signIn.title} – ${text.product}`;
  }, []);

  return (
    <ContentLayout header={<Header variant="h1">{text.signIn.title}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isPending) {
            submit();
          }
        }}
      >
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={isPending} disabled={!isReady}>
              {text.signIn.button}
            </Button>
          }
        >
          <SpaceBetween size="l">
            {isExpired && <Alert type="info">{text.signIn.expired}</Alert>}
            <FaultAlert failure={failure} />
            <Container>{fields}</Container>
            {others.length > 0 && (
              <SpaceBetween size="xs">
                <Box>{text.signIn.others}</Box>
                {others.map((other) => (
                  <Button key={other.accessKeyId} formAction="none" onClick={() => switchTo(other)}>
                    {text.switching.as(other.account, tellWho(other))}
                  </Button>
                ))}
              </SpaceBetween>
            )}
            <Box color="text-body-secondary">{text.signIn.where}</Box>
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}
