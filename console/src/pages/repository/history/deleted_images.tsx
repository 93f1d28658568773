/** Deleted images of a repository: restored one after the other, or erased. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { KeptTag, RecycledImage } from "../../../../generated/entrepot";
import type { Listing } from "../../../api/listing";
import { tellKind } from "../../../domain/artifacts";
import { formatCount, momentOf, shortDigest } from "../../../format";
import { useEntrepot } from "../../../session/context";
import { column, sizeColumn, timeColumn } from "../../../shell/columns";
import { FaultAlert } from "../../../shell/fault";
import { GuardedButton } from "../../../shell/guarded_button";
import { ListingTable } from "../../../shell/listing_table";
import type { Column } from "../../../shell/long_table";
import { useNotices } from "../../../shell/notifications";
import { type EachPart, ProgressOf, useProgress } from "../../../shell/progress";
import { text } from "../../../text";
import { useForgetting } from "../../bin/queries";

const words = text.history;
const BATCH = 100; // the most that PurgeRecycleBin takes

const COLUMNS: Column<RecycledImage>[] = [
  { ...column("tags", text.images.tags, nameOf), isRowHeader: true, minWidth: 200 },
  { ...column("kind", text.images.kind, tellKind), minWidth: 120 },
  sizeColumn("size", text.images.size, (one) => one.imageSizeInBytes),
  timeColumn("deleted", words.deleted, (one) => momentOf(one.deletedAt)),
  timeColumn("until", words.until, (one) => momentOf(one.restorableUntil)),
  { ...column("by", words.by, tellCause), minWidth: 300 },
];

export function DeletedImages(props: {
  name: string;
  listing: Listing<RecycledImage>;
  onChange: () => void;
}): ReactNode {
  const { name, listing, onChange } = props;
  const call = useEntrepot();
  const forget = useForgetting();
  const { tellSuccess } = useNotices();
  const [selected, setSelected] = useState<RecycledImage[]>([]);
  const [kept, setKept] = useState<KeptTag[]>([]);
  const [progress, each] = useProgress();
  const done = (said: string) => {
    forget();
    tellSuccess(said);
    setSelected([]);
    onChange();
  };
  const restore = useMutation({
    mutationFn: async () => {
      const back = new Set<string>();
      const others: KeptTag[] = [];
      await each(selected, async ([image]) => {
        const imageDigest = image?.imageDigest ?? "";
        if (!back.has(imageDigest)) {
          const answer = await call("RestoreImage", { repositoryName: name, imageDigest });
          others.push(...(answer.keptTags ?? []));
          for (const one of answer.restoredImages ?? []) {
            back.add(one.imageDigest ?? "");
          }
        }
      });
      return { count: back.size, others };
    },
    onSuccess: ({ count, others }) => {
      setKept(others);
      done(words.restored(formatCount(count)));
    },
    onError: onChange, // some may be back
  });
  const erase = async (each: EachPart) => {
    const eraseThese = async (part: readonly RecycledImage[]) => {
      await call("PurgeRecycleBin", { repositoryName: name, imageDigests: part.map(digestOf) });
    };
    await each(selected, eraseThese, BATCH);
    done(text.recycleBin.erased);
  };
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={restore.error} />
      {progress !== null && <ProgressOf progress={progress} />}
      {kept.length > 0 && (
        <Alert type="info" dismissible onDismiss={() => setKept([])} header={words.keptTags}>
          <ul>
            {kept.map((tag) => (
              <li key={tag.imageTag}>
                {words.keptTag(tag.imageTag ?? "", words.reasons[tag.reason ?? "TAKEN"])}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <ListingTable
        id="deleted-images"
        title={words.images}
        columns={COLUMNS}
        listing={listing}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={text.images.filter}
        sortedBy="deleted"
        isDescending
        selectionType="multi"
        selectionLabelOf={nameOf}
        selected={selected}
        onSelect={setSelected}
        empty={words.noImages}
        onRefresh={onChange}
        actions={
          <>
            <GuardedButton
              title={words.eraseTitle(formatCount(selected.length))}
              warning={text.recycleBin.eraseWarning}
              phrase={words.erasePhrase}
              confirmLabel={text.recycleBin.erase}
              isDisabled={selected.length === 0}
              onConfirm={erase}
            >
              {text.recycleBin.erase}
            </GuardedButton>
            <Button
              variant="primary"
              disabled={selected.length === 0}
              loading={restore.isPending}
              onClick={() => restore.mutate()}
            >
              {text.recycleBin.restore}
            </Button>
          </>
        }
      />
    </SpaceBetween>
  );
}

function tellCause(image: RecycledImage): string {
  return image.cause === "LIFECYCLE_POLICY" ? words.byRule(image.rulePriority) : (image.deletedBy ?? "–");
}

function digestOf(image: RecycledImage): string {
  return image.imageDigest ?? "";
}

/** An image may be deleted, pushed and deleted again. */
function idOf(image: RecycledImage): string {
  return `${digestOf(image)} ${image.deletedAt}`;
}

function nameOf(image: RecycledImage): string {
  return image.imageTags?.join(", ") || shortDigest(digestOf(image));
}

function haystackOf(image: RecycledImage): string {
  return `${image.imageTags?.join(" ") ?? ""} ${digestOf(image)}`.toLowerCase();
}
