/** Archiving images, bringing them back, and how far they are. */

import {
  DescribeImagesCommand,
  type ImageDetail,
  type TargetStorageClass,
  UpdateImageStorageClassCommand,
} from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import { formatCount, formatTime } from "../../format";
import { useClients } from "../../session/context";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { useProgress } from "../../shell/progress";
import { text } from "../../text";

const words = text.storageClasses;
const POLL_MS = 2000;
const MOST_WATCHED = 100; // of DescribeImages

export type Status = "ACTIVE" | "ARCHIVED" | "ACTIVATING";

export function statusOf(image: ImageDetail): Status {
  const { imageStatus: status } = image;
  return status === "ARCHIVED" || status === "ACTIVATING" ? status : "ACTIVE";
}

export function StatusOfImage({ image }: { image: ImageDetail }): ReactNode {
  const status = statusOf(image);
  const type = { ACTIVE: "success", ARCHIVED: "stopped", ACTIVATING: "in-progress" } as const;
  const since = status === "ARCHIVED" && image.lastArchivedAt ? ` ${formatTime(image.lastArchivedAt)}` : "";
  return <StatusIndicator type={type[status]}>{words.statuses[status] + since}</StatusIndicator>;
}

export function StorageClassDialog(props: {
  repositoryName: string;
  digests: string[];
  target: TargetStorageClass;
  onDone: () => void;
  onClose: () => void;
}): ReactNode {
  const { repositoryName, digests, target, onDone, onClose } = props;
  const { ecr } = useClients();
  const { tellSuccess } = useNotices();
  const { title, button, description, done } = words[target];
  const [progress, each] = useProgress();
  const change = useMutation({
    mutationFn: () =>
      each(digests, async ([imageDigest]) => {
        await ecr.send(
          new UpdateImageStorageClassCommand({
            repositoryName,
            imageId: { imageDigest },
            targetStorageClass: target,
          }),
        );
      }),
    onSuccess: () => {
      tellSuccess(done(formatCount(digests.length)));
      onDone();
    },
  });
  return (
    <FormDialog
      title={title(formatCount(digests.length))}
      button={button}
      isReady
      isPending={change.isPending}
      progress={progress}
      onSubmit={() => change.mutate()}
      onClose={onClose}
    >
      <Box>{description}</Box>
      <FaultAlert failure={change.error} />
    </FormDialog>
  );
}

/** Looks at images that are being restored until one of them is there, and tells that. */
export function useRestoring(
  repositoryName: string,
  images: readonly ImageDetail[],
  onRestored: () => void,
): void {
  const { ecr } = useClients();
  const digests = useMemo(
    () =>
      images
        .filter((image) => statusOf(image) === "ACTIVATING")
        .slice(0, MOST_WATCHED)
        .map((image) => image.imageDigest ?? ""),
    [images],
  );
  const watched = useQuery({
    queryKey: ["restoring", repositoryName, digests],
    enabled: digests.length > 0,
    refetchInterval: POLL_MS,
    queryFn: async () => {
      const found = await ecr.send(
        new DescribeImagesCommand({
          repositoryName,
          imageIds: digests.map((imageDigest) => ({ imageDigest })),
          filter: { imageStatus: "ANY" },
        }),
      );
      return (found.imageDetails ?? []).filter((image) => statusOf(image) === "ACTIVATING").length;
    },
  });
  const isDone = watched.data !== undefined && watched.data < digests.length;
  useEffect(() => {
    if (isDone) {
      onRestored();
    }
  }, [isDone, onRestored]);
}
