/** The resource tags of a repository. */

import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from "@aws-sdk/client-ecr";
import Spinner from "@cloudscape-design/components/spinner";
import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type ResourceTag, readTags, type TagChange } from "../../domain/resource_tags";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { TagForm } from "../../shell/tag_form";

export function useResourceTags(arn: string): UseQueryResult<ResourceTag[]> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: ["tags", arn],
    queryFn: async () =>
      readTags((await ecr.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags),
    enabled: arn !== "",
  });
}

export function TagsTab({ arn }: { arn: string }): ReactNode {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const tags = useResourceTags(arn);
  const save = async ({ gone, set }: TagChange) => {
    if (gone.length > 0) {
      await ecr.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: gone }));
    }
    if (set.length > 0) {
      await ecr.send(new TagResourceCommand({ resourceArn: arn, tags: set }));
    }
  };
  return (
    <>
      <FaultAlert failure={tags.error} />
      {tags.isPending && <Spinner size="large" />}
      {tags.data && (
        <TagForm
          tags={tags.data}
          onSave={save}
          onSettled={() => queries.invalidateQueries({ queryKey: ["tags", arn] })}
        />
      )}
    </>
  );
}
