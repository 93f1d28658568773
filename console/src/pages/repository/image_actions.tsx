/** What is done with the images that are chosen. */

import type { ImageDetail, TargetStorageClass } from "@aws-sdk/client-ecr";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { text } from "../../text";
import { PinDialog, UnpinDialog } from "../keeping/pin_dialogs";
import type { Keeping } from "../keeping/queries";
import { DeleteImages } from "./delete_images";
import { type Status, StorageClassDialog, statusOf } from "./storage_class";

type Dialog = "delete" | "pin" | "unpin" | TargetStorageClass;

export function ImageActions(props: {
  name: string;
  images: ImageDetail[];
  keeping: Keeping;
  /** Images were pinned or unpinned. */
  onKept: () => void;
  /** Images have gone, or have another storage class. */
  onChanged: () => void;
}): ReactNode {
  const { name, images, keeping, onKept, onChanged } = props;
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const then = (tell: () => void) => () => {
    close();
    tell();
  };
  const digests = images.map(digestOf);
  const pinned = digests.filter((digest) => keeping.pins.has(digest));
  const active = digestsWith(images, "ACTIVE");
  const archived = digestsWith(images, "ARCHIVED");
  const pinning = (chosen: string[]) => ({
    images: chosen.map((imageDigest) => ({ repositoryName: name, imageDigest })),
    onClose: close,
    onDone: then(onKept),
  });
  const storage = { repositoryName: name, onClose: close, onDone: then(onChanged) };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown
        items={[
          { id: "pin", text: text.pins.pinButton },
          { id: "unpin", text: text.pins.unpinButton, disabled: pinned.length === 0 },
          { id: "ARCHIVE", text: text.storageClasses.ARCHIVE.button, disabled: active.length === 0 },
          { id: "STANDARD", text: text.storageClasses.STANDARD.button, disabled: archived.length === 0 },
        ]}
        disabled={images.length === 0}
        onItemClick={({ detail }) => setDialog(detail.id as Dialog)}
      >
        {text.pins.actions}
      </ButtonDropdown>
      <Button disabled={images.length === 0} onClick={() => setDialog("delete")}>
        {text.delete}
      </Button>
      {dialog === "pin" && <PinDialog {...pinning(digests)} />}
      {dialog === "unpin" && <UnpinDialog {...pinning(pinned)} />}
      {dialog === "ARCHIVE" && <StorageClassDialog {...storage} digests={active} target={dialog} />}
      {dialog === "STANDARD" && <StorageClassDialog {...storage} digests={archived} target={dialog} />}
      {dialog === "delete" && (
        <DeleteImages repositoryName={name} images={images} onClose={close} onDeleted={then(onChanged)} />
      )}
    </SpaceBetween>
  );
}

function digestOf(image: ImageDetail): string {
  return image.imageDigest ?? "";
}

function digestsWith(images: readonly ImageDetail[], status: Status): string[] {
  return images.filter((image) => statusOf(image) === status).map(digestOf);
}
