/** Deleted images of a repository: restored one after the other, or erased. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { KeptTag, RecycledImage } from "../../../../generated/entrepot";
import type { Listing } from "../../../api/listing";
import { tellKind } from "../../../domain/artifacts";
import { formatBytes, formatCount, formatTime, momentOf, shortDigest } from "../../../format";
import { useEntrepot } from "../../../session/context";
import { Confirmation } from "../../../shell/confirmation";
import { FaultAlert } from "../../../shell/fault";
import { type Column, LongTable } from "../../../shell/long_table";
import { useNotices } from "../../../shell/notifications";
import { text } from "../../../text";
import { useForgetting } from "../../bin/queries";

const words = text.history;
const BATCH = 100; // the most that PurgeRecycleBin takes

const COLUMNS: Column<RecycledImage>[] = [
  {
    id: "tags",
    name: text.images.tags,
    header: text.images.tags,
    cell: nameOf,
    isRowHeader: true,
    minWidth: 200,
  },
  { id: "kind", name: text.images.kind, header: text.images.kind, cell: tellKind, minWidth: 120 },
  {
    id: "size",
    name: text.images.size,
    header: text.images.size,
    cell: (one) => formatBytes(one.imageSizeInBytes),
    sortingComparator: (one, other) => (one.imageSizeInBytes ?? 0) - (other.imageSizeInBytes ?? 0),
    minWidth: 90,
  },
  {
    id: "deleted",
    name: words.deleted,
    header: words.deleted,
    cell: (one) => formatTime(momentOf(one.deletedAt)),
    sortingComparator: (one, other) => (one.deletedAt ?? 0) - (other.deletedAt ?? 0),
    minWidth: 210,
  },
  { id: "by", name: words.by, header: words.by, cell: tellCause, minWidth: 300 },
  {
    id: "until",
    name: words.until,
    header: words.until,
    cell: (one) => formatTime(momentOf(one.restorableUntil)),
    sortingComparator: (one, other) => (one.restorableUntil ?? 0) - (other.restorableUntil ?? 0),
    minWidth: 210,
  },
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
  const [isErasing, setErasing] = useState(false);
  const [kept, setKept] = useState<KeptTag[]>([]);
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
      for (const { imageDigest = "" } of selected) {
        if (!back.has(imageDigest)) {
          const answer = await call("RestoreImage", { repositoryName: name, imageDigest });
          others.push(...(answer.keptTags ?? []));
          for (const one of answer.restoredImages ?? []) {
            back.add(one.imageDigest ?? "");
          }
        }
      }
      return { count: back.size, others };
    },
    onSuccess: ({ count, others }) => {
      setKept(others);
      done(words.restored(formatCount(count)));
    },
    onError: onChange, // some may be back
  });
  const erase = useMutation({
    mutationFn: async () => {
      const digests = selected.map(digestOf);
      for (let start = 0; start < digests.length; start += BATCH) {
        const imageDigests = digests.slice(start, start + BATCH);
        await call("PurgeRecycleBin", { repositoryName: name, imageDigests });
      }
    },
    onSuccess: () => {
      setErasing(false);
      done(text.recycleBin.erased);
    },
  });
  return (
    <>
      <SpaceBetween size="s">
        <FaultAlert failure={restore.error} />
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
        <LongTable
          id="deleted-images"
          variant="container"
          columns={COLUMNS}
          entries={listing.entries}
          isComplete={listing.isComplete}
          failure={listing.failure}
          idOf={idOf}
          haystackOf={haystackOf}
          filterLabel={text.images.filter}
          ariaLabel={words.images}
          sortedBy="deleted"
          isDescending
          selectionType="multi"
          selectionLabelOf={nameOf}
          selected={selected}
          onSelect={setSelected}
          empty={<Box textAlign="center">{words.noImages}</Box>}
          header={(counter) => (
            <Header
              variant="h2"
              counter={counter}
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel={text.refresh} onClick={onChange} />
                  <Button disabled={selected.length === 0} onClick={() => setErasing(true)}>
                    {text.recycleBin.erase}
                  </Button>
                  <Button
                    variant="primary"
                    disabled={selected.length === 0}
                    loading={restore.isPending}
                    onClick={() => restore.mutate()}
                  >
                    {text.recycleBin.restore}
                  </Button>
                </SpaceBetween>
              }
            >
              {words.images}
            </Header>
          )}
        />
      </SpaceBetween>
      {isErasing && (
        <Confirmation
          title={words.eraseTitle(formatCount(selected.length))}
          warning={text.recycleBin.eraseWarning}
          phrase={words.erasePhrase}
          button={text.recycleBin.erase}
          isPending={erase.isPending}
          failure={erase.error}
          onConfirm={() => erase.mutate()}
          onClose={() => setErasing(false)}
        />
      )}
    </>
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
