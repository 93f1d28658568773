/** Signing in with access keys, in place: whoever signs in again is where they were. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { FaultAlert } from "../shell/fault";
import { isRegion, RegionField } from "../shell/region";
import { text } from "../text";
import { useSessionState } from "./context";
import { beginSession } from "./exchange";
import { lastRegion } from "./session";

export function SignInPage(): ReactNode {
  const { isExpired, begin } = useSessionState();
  const [accessKeyId, setAccessKeyId] = useState("");
  const [secretAccessKey, setSecretAccessKey] = useState("");
  const [region, setRegion] = useState(() => lastRegion());
  const signIn = useMutation({
    mutationFn: () =>
      beginSession({ accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() }, region),
    onSuccess: begin,
  });
  const isFilled = accessKeyId.trim() !== "" && secretAccessKey.trim() !== "" && isRegion(region);

  useEffect(() => {
    document.title = `${text.signIn.title} – ${text.product}`;
  }, []);

  return (
    <ContentLayout header={<Header variant="h1">{text.signIn.title}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isFilled && !signIn.isPending) {
            signIn.mutate();
          }
        }}
      >
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={signIn.isPending} disabled={!isFilled}>
              {text.signIn.button}
            </Button>
          }
        >
          <SpaceBetween size="l">
            {isExpired && <Alert type="info">{text.signIn.expired}</Alert>}
            <FaultAlert failure={signIn.error} />
            <Container>
              <SpaceBetween size="l">
                <FormField label={text.signIn.accessKeyId}>
                  <Input
                    value={accessKeyId}
                    onChange={({ detail }) => setAccessKeyId(detail.value)}
                    autoComplete="username"
                    spellcheck={false}
                    autoFocus
                  />
                </FormField>
                <FormField label={text.signIn.secretAccessKey}>
                  <Input
                    type="password"
                    value={secretAccessKey}
                    onChange={({ detail }) => setSecretAccessKey(detail.value)}
                    autoComplete="current-password"
                  />
                </FormField>
                <RegionField value={region} onChange={setRegion} />
                <Box color="text-body-secondary">{text.signIn.kept}</Box>
              </SpaceBetween>
            </Container>
            <Box color="text-body-secondary">{text.signIn.where}</Box>
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}
