/** A page of one user, group, role or policy: what it is, what it has, and the end of it. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { type ReactNode, useState } from "react";
import { Confirmation } from "../../shell/confirmation";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";

export interface Removal {
  mutate: () => void;
  isPending: boolean;
  error: unknown;
}

export function IdentityPage(props: {
  name: string;
  words: { delete: string; deleteTitle: (name: string) => string; deleteWarning: string };
  isKnown: boolean;
  failure: unknown;
  facts: KeyValuePairsProps.Item[];
  /** Buttons beside the one that deletes. */
  actions?: ReactNode;
  /** Null where it cannot be deleted. */
  removal: Removal | null;
  children: ReactNode;
}): ReactNode {
  const { name, words, isKnown, failure, facts, actions, removal, children } = props;
  const [isDeleting, setDeleting] = useState(false);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {actions}
              {removal !== null && (
                <Button disabled={!isKnown} onClick={() => setDeleting(true)}>
                  {words.delete}
                </Button>
              )}
            </SpaceBetween>
          }
        >
          {name}
        </Header>
      }
    >
      <FaultAlert failure={failure} />
      {!isKnown && !failure && <Spinner size="large" />}
      {isKnown && (
        <SpaceBetween size="l">
          <Container>
            <KeyValuePairs columns={3} items={facts} />
          </Container>
          {children}
        </SpaceBetween>
      )}
      {isDeleting && removal !== null && (
        <Confirmation
          title={words.deleteTitle(name)}
          warning={words.deleteWarning}
          phrase={name}
          button={text.delete}
          isPending={removal.isPending}
          failure={removal.error}
          onConfirm={() => removal.mutate()}
          onClose={() => setDeleting(false)}
        />
      )}
    </ContentLayout>
  );
}
