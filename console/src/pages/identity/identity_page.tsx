/** A page of one user, group, role, policy or provider: what it is, what it has, and the end of it. */

import Container from "@cloudscape-design/components/container";
import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { FaultAlert } from "../../shell/fault";
import { GuardedButton } from "../../shell/guarded_button";
import { useNotices } from "../../shell/notifications";
import { Page } from "../../shell/page";

export function IdentityPage(props: {
  name: string;
  words: {
    delete: string;
    deleteTitle: (name: string) => string;
    deleteWarning: string;
    deleted: (name: string) => string;
  };
  isKnown: boolean;
  failure: unknown;
  facts: KeyValuePairsProps.Item[];
  /** Buttons beside the one that deletes. */
  actions?: ReactNode;
  /** Null where it cannot be deleted. */
  onDelete: (() => Promise<unknown>) | null;
  /** The page to go to when it was deleted. */
  listing: string;
  children: ReactNode;
}): ReactNode {
  const { name, words, isKnown, failure, facts, actions, onDelete, listing, children } = props;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  return (
    <Page
      title={name}
      actions={
        <>
          {actions}
          {onDelete !== null && (
            <GuardedButton
              title={words.deleteTitle(name)}
              warning={words.deleteWarning}
              phrase={name}
              isDisabled={!isKnown}
              onConfirm={async () => {
                await onDelete();
                queries.clear();
                tellSuccess(words.deleted(name));
                navigate(listing);
              }}
            >
              {words.delete}
            </GuardedButton>
          )}
        </>
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
    </Page>
  );
}
