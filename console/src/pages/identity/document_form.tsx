/** The form of something that has a name, a description and a policy document: a role, a managed policy. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useState } from "react";
import { type PolicyKind, readPolicy } from "../../domain/policy";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { isName, NameField } from "./name_dialog";

export interface Entered {
  name: string;
  description: string;
  document: string;
}

export function DocumentForm(props: {
  title: string;
  nameLabel: string;
  longest: number;
  documentLabel: string;
  kind: PolicyKind;
  /** What the document begins with. */
  example: string;
  /** Whether what the children ask for is right. */
  isRight?: boolean;
  isPending: boolean;
  failure: unknown;
  onSubmit: (entered: Entered) => void;
  onCancel: () => void;
  children?: ReactNode;
}): ReactNode {
  const { title, nameLabel, longest, documentLabel, kind, isRight = true, isPending, children } = props;
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [document, setDocument] = useState(props.example);
  const { complaint } = readPolicy(document, kind);
  const isReady = isName(name, longest) && complaint === null && isRight;
  return (
    <ContentLayout header={<Header variant="h1">{title}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isPending) {
            props.onSubmit({ name, description, document });
          }
        }}
      >
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={props.onCancel}>
                {text.cancel}
              </Button>
              <Button variant="primary" formAction="submit" disabled={!isReady} loading={isPending}>
                {text.create}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <FaultAlert failure={props.failure} />
            <Container>
              <SpaceBetween size="l">
                <NameField label={nameLabel} longest={longest} value={name} onChange={setName} />
                <FormField label={text.roles.purpose}>
                  <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
                </FormField>
                {children}
                <FormField label={documentLabel} errorText={complaint} stretch>
                  <Textarea
                    value={document}
                    onChange={({ detail }) => setDocument(detail.value)}
                    rows={14}
                    spellcheck={false}
                  />
                </FormField>
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}
