/** The images of a repository. */

import type { ImageDetail, Repository } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import { isIndex, tellKind } from "../../domain/artifacts";
import { imagesOf, imageTree, rowIdOf, rowsBelow, withAllBelow } from "../../domain/image_tree";
import { formatBytes, formatTime, shortDigest } from "../../format";
import { paths } from "../../paths";
import { CopyableCell } from "../../shell/copyable";
import { type CsvColumn, CsvDownload } from "../../shell/csv_download";
import { PageLink } from "../../shell/links";
import { type Column, LongTable, type Sorting } from "../../shell/long_table";
import { useShownRows } from "../../shell/shown_rows";
import { text } from "../../text";
import { type Keeping, tellKept, useKeeping } from "../keeping/queries";
import { ImagePullsProvider, PullsCell } from "../storage/cells";
import { useAllImagePulls, useImageRanking } from "../storage/queries";
import { ImageActions } from "./image_actions";
import { useImages, useIndexParts } from "./queries";
import { type Status, StatusOfImage, statusOf, useRestoring } from "./storage_class";

const words = text.images;
const LATEST_FIRST: Sorting = { by: "pushed", isDescending: true };
/** Indexes that are looked into by themselves; further ones are, where they are opened. */
const MOST_INDEXES = 500;

const STATUSES: { value: Status | ""; label: string }[] = [
  { value: "", label: text.storageClasses.any },
  { value: "ACTIVE", label: text.storageClasses.statuses.ACTIVE },
  { value: "ARCHIVED", label: text.storageClasses.statuses.ARCHIVED },
  { value: "ACTIVATING", label: text.storageClasses.statuses.ACTIVATING },
];

export function ImagesTab({ repository }: { repository: Repository }): ReactNode {
  const name = repository.repositoryName ?? "";
  const listing = useImages(name);
  const [selected, setSelected] = useState<ImageDetail[]>([]);
  const [status, setStatus] = useState<Status | "">("");
  const { keeping, refresh } = useKeeping(repository);
  useRestoring(name, listing.entries, listing.refresh);
  const [opened, setOpened] = useState<ImageDetail[]>([]);
  const indexes = useMemo(() => {
    const all = listing.entries.filter(isIndex).map(digestOf);
    return [...new Set([...all.slice(0, MOST_INDEXES), ...opened.filter(isIndex).map(digestOf)])];
  }, [listing.entries, opened]);
  const parts = useIndexParts(name, indexes);
  const tree = useMemo(() => {
    const wanted =
      status === "" ? listing.entries : listing.entries.filter((image) => statusOf(image) === status);
    return imageTree(wanted, parts.data?.parts ?? new Map());
  }, [listing.entries, status, parts.data]);
  const [sorting, setSorting] = useState<Sorting>(LATEST_FIRST);
  const ranking = useImageRanking(name, sorting);
  const fetchPulls = useAllImagePulls(name);
  const shown = useShownRows<ImageDetail>();
  const below = useMemo(() => opened.flatMap((image) => rowsBelow(tree, image)), [opened, tree]);
  const columns = useMemo(
    () => [...columnsOf(name, parts.data?.platforms ?? new Map()), STATUS_COLUMN, keptColumn(keeping)],
    [name, parts.data, keeping],
  );
  const csvColumns = useMemo(() => csvColumnsOf(keeping), [keeping]);
  const refreshAll = () => {
    listing.refresh();
    ranking.refresh();
  };
  return (
    <ImagePullsProvider name={name} shown={shown} below={below}>
      <LongTable
        id="images"
        variant="container"
        columns={columns}
        onShow={shown.set}
        entries={tree.roots}
        isComplete={listing.isComplete}
        failure={listing.failure ?? parts.error}
        idOf={rowIdOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        ariaLabel={words.title}
        sortedBy={LATEST_FIRST.by}
        isDescending={LATEST_FIRST.isDescending}
        onSort={setSorting}
        ranking={ranking}
        selectionType="multi"
        selectionLabelOf={(image) => nameOf(image)}
        selected={selected}
        onSelect={setSelected}
        expandable={{
          getItemChildren: (image) => rowsBelow(tree, image),
          isItemExpandable: (image) =>
            rowsBelow(tree, image).length > 0 || (isIndex(image) && !parts.data?.parts.has(digestOf(image))),
          expandedItems: opened,
          onExpandableItemToggle: ({ detail }) =>
            setOpened((before) => {
              const others = before.filter((one) => rowIdOf(one) !== rowIdOf(detail.item));
              return detail.expanded ? [...others, detail.item] : others;
            }),
        }}
        empty={<Box textAlign="center">{words.none}</Box>}
        header={(counter, matching) => (
          <Header
            variant="h2"
            counter={counter}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Select
                  ariaLabel={text.storageClasses.statusFilter}
                  options={STATUSES}
                  selectedOption={STATUSES.find((one) => one.value === status) ?? null}
                  onChange={({ detail }) => setStatus(detail.selectedOption.value as Status | "")}
                />
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={refreshAll} />
                <CsvDownload
                  fileName={["images", name]}
                  rows={() => matching().flatMap((image) => withAllBelow(image, tree.below))}
                  columns={csvColumns}
                  fetchKnown={fetchPulls}
                  disabled={!listing.isComplete}
                />
                <ImageActions
                  name={name}
                  images={imagesOf(selected)}
                  keeping={keeping}
                  onKept={refresh}
                  onChanged={() => {
                    setSelected([]);
                    listing.refresh();
                  }}
                />
              </SpaceBetween>
            }
          >
            {words.title}
          </Header>
        )}
      />
    </ImagePullsProvider>
  );
}

function columnsOf(name: string, platforms: ReadonlyMap<string, string>): Column<ImageDetail>[] {
  return [
    {
      id: "tags",
      name: words.tags,
      header: words.tags,
      cell: (image) => (
        <PageLink to={paths.image(name, digestOf(image))}>
          {image.imageTags?.join(", ") || platforms.get(digestOf(image)) || words.untagged}
        </PageLink>
      ),
      sortingComparator: (one, other) => compare(one.imageTags?.[0] ?? "", other.imageTags?.[0] ?? ""),
      isRowHeader: true,
      minWidth: 200,
    },
    {
      id: "kind",
      name: words.kind,
      header: words.kind,
      cell: tellKind,
      sortingComparator: (one, other) => compare(tellKind(one), tellKind(other)),
      minWidth: 120,
    },
    {
      id: "pushed",
      name: words.pushed,
      header: words.pushed,
      cell: (image) => formatTime(image.imagePushedAt),
      sortingComparator: (one, other) => momentOf(one.imagePushedAt) - momentOf(other.imagePushedAt),
      minWidth: 200,
    },
    {
      id: "size",
      name: words.size,
      header: words.size,
      cell: (image) => formatBytes(image.imageSizeInBytes),
      sortingComparator: (one, other) => (one.imageSizeInBytes ?? 0) - (other.imageSizeInBytes ?? 0),
      minWidth: 120,
    },
    {
      id: "digest",
      name: words.digest,
      header: words.digest,
      cell: (image) => <CopyableCell value={digestOf(image)} shown={shortDigest(digestOf(image))} />,
      minWidth: 200,
    },
    {
      id: "pulled",
      name: words.pulled,
      header: words.pulled,
      cell: (image) => formatTime(image.lastRecordedPullTime),
      sortingComparator: (one, other) =>
        momentOf(one.lastRecordedPullTime) - momentOf(other.lastRecordedPullTime),
      minWidth: 200,
    },
    {
      id: "pulls",
      name: text.storage.pulls,
      header: text.storage.pulls,
      cell: (image) => <PullsCell image={image} />,
      isRanked: true,
      minWidth: 110,
    },
  ];
}

function csvColumnsOf(keeping: Keeping): CsvColumn<ImageDetail, ReadonlyMap<string, number>>[] {
  return [
    { name: words.tags, cell: (image) => image.imageTags?.join(" ") },
    { name: words.kind, cell: tellKind },
    { name: words.pushed, cell: (image) => image.imagePushedAt },
    { name: text.csv.bytes, cell: (image) => image.imageSizeInBytes },
    { name: words.digest, cell: digestOf },
    { name: words.pulled, cell: (image) => image.lastRecordedPullTime },
    { name: text.storage.pulls, cell: (image, pulls) => pulls.get(digestOf(image)) },
    { name: text.storageClasses.status, cell: (image) => text.storageClasses.statuses[statusOf(image)] },
    { name: text.pins.kept, cell: (image) => tellKept(image, keeping) },
    { name: words.mediaType, cell: (image) => image.imageManifestMediaType },
    { name: words.artifactType, cell: (image) => image.artifactMediaType },
  ];
}

const STATUS_COLUMN: Column<ImageDetail> = {
  id: "status",
  name: text.storageClasses.status,
  header: text.storageClasses.status,
  cell: (image) => <StatusOfImage image={image} />,
  sortingComparator: (one, other) => compare(statusOf(one), statusOf(other)),
  minWidth: 120,
};

function keptColumn(keeping: Keeping): Column<ImageDetail> {
  return {
    id: "kept",
    name: text.pins.kept,
    header: text.pins.kept,
    cell: (image) => tellKept(image, keeping) || "–",
    sortingComparator: (one, other) => compare(tellKept(one, keeping), tellKept(other, keeping)),
    minWidth: 140,
  };
}

function digestOf(image: ImageDetail): string {
  return image.imageDigest ?? "";
}

function nameOf(image: ImageDetail): string {
  return image.imageTags?.[0] ?? shortDigest(digestOf(image));
}

function haystackOf(image: ImageDetail): string {
  return `${image.imageTags?.join(" ") ?? ""} ${digestOf(image)}`.toLowerCase();
}

function momentOf(moment: Date | undefined): number {
  return moment?.getTime() ?? 0;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
