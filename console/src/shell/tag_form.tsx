/** The resource tags of something, to be changed and saved together. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type ResourceTag, type TagChange, tagChange } from "../domain/resource_tags";
import { text } from "../text";
import { Buttons } from "./buttons";
import { FaultAlert } from "./fault";
import { useNotices } from "./notifications";
import { complaintAboutTags, TagFields } from "./tag_fields";

export interface TagFormProps {
  tags: ResourceTag[];
  onSave: (change: TagChange) => Promise<unknown>;
  /** Called when it was tried to save them, whether that failed or not. */
  onSettled: () => void;
}

export function TagForm(props: TagFormProps): ReactNode {
  // What is entered begins anew with other tags.
  return <Draft key={JSON.stringify(props.tags)} {...props} />;
}

function Draft({ tags, onSave, onSettled }: TagFormProps): ReactNode {
  const { tellSuccess } = useNotices();
  const [draft, setDraft] = useState(tags);
  const isChanged = JSON.stringify(draft) !== JSON.stringify(tags);
  const save = useMutation({
    mutationFn: () => onSave(tagChange(tags, draft)),
    onSuccess: () => tellSuccess(text.tags.done),
    onSettled,
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            isChanged && (
              <Buttons>
                <Button variant="link" onClick={() => setDraft(tags)}>
                  {text.cancel}
                </Button>
                <Button
                  variant="primary"
                  disabled={complaintAboutTags(draft) !== null}
                  loading={save.isPending}
                  onClick={() => save.mutate()}
                >
                  {text.save}
                </Button>
              </Buttons>
            )
          }
        >
          {text.tags.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FaultAlert failure={save.error} />
        <TagFields tags={draft} onChange={setDraft} />
      </SpaceBetween>
    </Container>
  );
}
