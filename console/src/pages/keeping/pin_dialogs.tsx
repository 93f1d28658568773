/** Pinning images, and taking pins away. */

import Box from "@cloudscape-design/components/box";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { formatCount } from "../../format";
import { useEntrepot } from "../../session/context";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { useProgress } from "../../shell/progress";
import { text } from "../../text";

const words = text.pins;
const LONGEST_REASON = 256;

export interface PinnableImage {
  repositoryName: string;
  imageDigest: string;
}

export interface PinDialogProps {
  images: PinnableImage[];
  onDone: () => void;
  onClose: () => void;
}

export function PinDialog({ images, onDone, onClose }: PinDialogProps): ReactNode {
  const call = useEntrepot();
  const { tellSuccess } = useNotices();
  const [progress, each] = useProgress();
  const [reason, setReason] = useState("");
  const [day, setDay] = useState("");
  const pin = useMutation({
    mutationFn: () =>
      each(images, async ([image]) => {
        await call("PinImage", {
          ...named(image),
          ...(reason === "" ? {} : { reason }),
          ...(day === "" ? {} : { until: endOf(day) }),
        });
      }),
    onSuccess: () => {
      tellSuccess(words.pinned(formatCount(images.length)));
      onDone();
    },
  });
  return (
    <FormDialog
      title={words.pin(formatCount(images.length))}
      button={words.pinButton}
      isReady
      isPending={pin.isPending}
      progress={progress}
      onSubmit={() => pin.mutate()}
      onClose={onClose}
    >
      <Box>{words.pinDescription}</Box>
      <FormField label={words.reason} constraintText={words.reasonConstraint}>
        <Input
          value={reason}
          onChange={({ detail }) => setReason(detail.value.slice(0, LONGEST_REASON))}
          autoFocus
        />
      </FormField>
      <FormField label={words.untilDay} constraintText={words.untilConstraint}>
        <DatePicker
          value={day}
          onChange={({ detail }) => setDay(detail.value)}
          isDateEnabled={(date) => date.getTime() > Date.now()}
          placeholder="YYYY/MM/DD"
          expandToViewport
        />
      </FormField>
      <FaultAlert failure={pin.error} />
    </FormDialog>
  );
}

export function UnpinDialog({ images, onDone, onClose }: PinDialogProps): ReactNode {
  const call = useEntrepot();
  const { tellSuccess } = useNotices();
  const [progress, each] = useProgress();
  const unpin = useMutation({
    mutationFn: () =>
      each(images, async ([image]) => {
        await call("UnpinImage", named(image));
      }),
    onSuccess: () => {
      tellSuccess(words.unpinned(formatCount(images.length)));
      onDone();
    },
  });
  return (
    <FormDialog
      title={words.unpin(formatCount(images.length))}
      button={words.unpinButton}
      isReady
      isPending={unpin.isPending}
      progress={progress}
      onSubmit={() => unpin.mutate()}
      onClose={onClose}
    >
      <Box>{words.unpinDescription}</Box>
      <FaultAlert failure={unpin.error} />
    </FormDialog>
  );
}

function named(image: PinnableImage | undefined) {
  return {
    repositoryName: image?.repositoryName ?? "",
    imageId: { imageDigest: image?.imageDigest ?? "" },
  };
}

/** The last second of a day in the reader's own time zone, in seconds since 1970. */
function endOf(day: string): number {
  return Math.floor(new Date(`${day}T23:59:59`).getTime() / 1000);
}
