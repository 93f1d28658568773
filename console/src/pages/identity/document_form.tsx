/** The form of something that has a name, a description and a policy document: a role, a managed policy. */

import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { type PolicyKind, readPolicy } from "../../domain/policy";
import { FaultAlert } from "../../shell/fault";
import { FormPage } from "../../shell/form_page";
import { PolicyField } from "../../shell/policy_field";
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
  return (
    <FormPage
      title={title}
      button={text.create}
      isReady={isName(name, longest) && complaint === null && isRight}
      isPending={isPending}
      onSubmit={() => props.onSubmit({ name, description, document })}
      onCancel={props.onCancel}
    >
      <FaultAlert failure={props.failure} />
      <Container>
        <SpaceBetween size="l">
          <NameField label={nameLabel} longest={longest} value={name} onChange={setName} />
          <FormField label={text.roles.purpose}>
            <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
          </FormField>
          {children}
          <PolicyField label={documentLabel} value={document} complaint={complaint} onChange={setDocument} />
        </SpaceBetween>
      </Container>
    </FormPage>
  );
}
