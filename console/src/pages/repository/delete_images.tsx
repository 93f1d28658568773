/** Deleting images: what goes, what that frees at most, and what the registry refused to delete. */

import { BatchDeleteImageCommand, type ImageDetail, type ImageFailure } from "@aws-sdk/client-ecr";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import type { EstimateDeletionResponse } from "../../../generated/entrepot";
import { isIndex } from "../../domain/artifacts";
import { formatBytes, formatCount, shortDigest } from "../../format";
import { useClients } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { InfoDialog } from "../../shell/dialogs";
import { useNotices } from "../../shell/notifications";
import { useProgress } from "../../shell/progress";
import { text } from "../../text";
import { useRecycleBin } from "../bin/queries";
import { useEstimate } from "../storage/queries";

const words = text.deleteImages;
const BATCH = 100; // the most that BatchDeleteImage takes
const MOST_SHOWN = 20;

export function DeleteImages(props: {
  repositoryName: string;
  images: ImageDetail[];
  onDeleted: () => void;
  onClose: () => void;
}): ReactNode {
  const { repositoryName, images, onDeleted, onClose } = props;
  const { ecr } = useClients();
  const { tellSuccess } = useNotices();
  const digests = useMemo(() => images.map((image) => image.imageDigest ?? ""), [images]);
  const estimate = useEstimate(repositoryName, digests);
  const bin = useRecycleBin();
  const [progress, each] = useProgress();
  const remove = useMutation({
    mutationFn: async () => {
      const failures: ImageFailure[] = [];
      // An index first: the registry keeps what an index still names.
      const ordered = [...images.filter(isIndex), ...images.filter((image) => !isIndex(image))];
      const removePart = async (part: readonly ImageDetail[]) => {
        const imageIds = part.map((image) => ({ imageDigest: image.imageDigest }));
        const done = await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
        failures.push(...(done.failures ?? []));
      };
      await each(ordered, removePart, BATCH);
      return failures;
    },
    onSuccess: (failures) => {
      if (failures.length === 0) {
        tellSuccess(words.done(formatCount(images.length)));
        onDeleted();
      }
    },
  });
  if (remove.data?.length) {
    return <Failures failures={remove.data} onClose={onDeleted} />;
  }
  const size = formatBytes(images.reduce((sum, image) => sum + (image.imageSizeInBytes ?? 0), 0));
  return (
    <Confirmation
      title={words.title(formatCount(images.length))}
      warning={
        <SpaceBetween size="xs">
          <Box color="inherit">{tellFreed(estimate, size)}</Box>
          <Box color="inherit">{words.end(bin.data?.retentionDays)}</Box>
          <ul>
            {images.slice(0, MOST_SHOWN).map((image) => (
              <li key={image.imageDigest}>
                {image.imageTags?.join(", ") || shortDigest(image.imageDigest ?? "")}
              </li>
            ))}
          </ul>
          {images.length > MOST_SHOWN && <Box>{words.more(formatCount(images.length - MOST_SHOWN))}</Box>}
        </SpaceBetween>
      }
      phrase={words.phrase}
      button={text.delete}
      isPending={remove.isPending}
      progress={progress}
      failure={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}

/** The most exact that is known: what the registry frees, what the repository does, or the most it can be. */
function tellFreed(estimate: EstimateDeletionResponse | null, size: string): string {
  if (estimate?.freedBytes !== undefined) {
    return words.freed(formatBytes(estimate.freedBytes));
  }
  if (estimate?.releasedBytes !== undefined) {
    return words.released(formatBytes(estimate.releasedBytes));
  }
  return words.atMost(size);
}

function Failures(props: { failures: ImageFailure[]; onClose: () => void }): ReactNode {
  const { failures, onClose } = props;
  return (
    <InfoDialog title={words.notAll} onClose={onClose}>
      <Alert type="error">
        <ul>
          {failures.map((failure) => (
            <li key={failure.imageId?.imageDigest}>
              {shortDigest(failure.imageId?.imageDigest ?? "")}: {failure.failureCode}:{" "}
              {failure.failureReason}
            </li>
          ))}
        </ul>
      </Alert>
    </InfoDialog>
  );
}
