/** The resource tags of a repository. */

import {
  type ECRClient,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-ecr";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { type UseQueryResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { complaintAboutTags, type ResourceTag, TagFields } from "../../shell/tag_fields";
import { text } from "../../text";

export function useResourceTags(arn: string): UseQueryResult<ResourceTag[]> {
  const { ecr } = useClients();
  return useQuery({ queryKey: ["tags", arn], queryFn: () => listTags(ecr, arn), enabled: arn !== "" });
}

export function TagsTab({ arn }: { arn: string }): ReactNode {
  const tags = useResourceTags(arn);
  return (
    <>
      <FaultAlert failure={tags.error} />
      {tags.isPending && <Spinner size="large" />}
      {tags.data && <TagForm key={JSON.stringify(tags.data)} arn={arn} tags={tags.data} />}
    </>
  );
}

function TagForm({ arn, tags }: { arn: string; tags: ResourceTag[] }): ReactNode {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const [draft, setDraft] = useState(tags);
  const isChanged = JSON.stringify(draft) !== JSON.stringify(tags);
  const save = useMutation({
    mutationFn: () => changeTags(ecr, arn, tags, draft),
    onSuccess: () => tellSuccess(text.tags.done),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tags", arn] }),
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" disabled={!isChanged} onClick={() => setDraft(tags)}>
                {text.cancel}
              </Button>
              <Button
                variant="primary"
                disabled={!isChanged || complaintAboutTags(draft) !== null}
                loading={save.isPending}
                onClick={() => save.mutate()}
              >
                {text.save}
              </Button>
            </SpaceBetween>
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

async function listTags(ecr: ECRClient, arn: string): Promise<ResourceTag[]> {
  const found = await ecr.send(new ListTagsForResourceCommand({ resourceArn: arn }));
  return (found.tags ?? []).map((tag) => ({ Key: tag.Key ?? "", Value: tag.Value ?? "" }));
}

async function changeTags(
  ecr: ECRClient,
  arn: string,
  before: ResourceTag[],
  after: ResourceTag[],
): Promise<void> {
  const kept = new Set(after.map((tag) => tag.Key));
  const tagKeys = before.map((tag) => tag.Key).filter((key) => !kept.has(key));
  const values = new Map(before.map((tag) => [tag.Key, tag.Value]));
  const tags = after.filter((tag) => values.get(tag.Key) !== tag.Value);
  if (tagKeys.length > 0) {
    await ecr.send(new UntagResourceCommand({ resourceArn: arn, tagKeys }));
  }
  if (tags.length > 0) {
    await ecr.send(new TagResourceCommand({ resourceArn: arn, tags }));
  }
}
