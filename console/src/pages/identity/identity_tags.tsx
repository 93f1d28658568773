/** The tags of a user, a role or a managed policy: policies may decide by those of whoever asks. */

import type { Tag } from "@aws-sdk/client-iam";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { changeTags, type Tagged } from "../../api/identity_tags";
import { readTags } from "../../domain/resource_tags";
import { useClients } from "../../session/context";
import { TagForm } from "../../shell/tag_form";

export function IdentityTags(props: { of: Tagged; tags: Tag[] | undefined }): ReactNode {
  const { of, tags } = props;
  const { iam } = useClients();
  const queries = useQueryClient();
  return (
    <TagForm
      tags={readTags(tags)}
      onSave={(change) => changeTags(iam, of, change)}
      onSettled={() => queries.invalidateQueries({ queryKey: [of.kind, of.name], exact: true })}
    />
  );
}
