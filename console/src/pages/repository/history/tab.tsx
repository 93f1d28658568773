/** What happened to the tags and images of a repository, and how to undo it. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useDeletedImages, useTagHistory } from "../../bin/queries";
import { DeletedImages } from "./deleted_images";
import { TagHistory } from "./tag_history";

export function HistoryTab({ name }: { name: string }): ReactNode {
  const deleted = useDeletedImages(name);
  const history = useTagHistory(name);
  const refresh = () => {
    deleted.refresh();
    history.refresh();
  };
  return (
    <SpaceBetween size="l">
      <DeletedImages name={name} listing={deleted} onChange={refresh} />
      <TagHistory name={name} listing={history} onChange={refresh} />
    </SpaceBetween>
  );
}
