/** The recycle bin of the registry: what is in it, for how long, and the ways out of it. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { DescribeRecycleBinResponse, RecycledRepository } from "../../../generated/entrepot";
import { formatBytes, formatCount, formatTime, momentOf } from "../../format";
import { useEntrepot } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { FaultAlert } from "../../shell/fault";
import { type Column, LongTable } from "../../shell/long_table";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";
import { useDeletedRepositories, useForgetting, useRecycleBin } from "./queries";
import { RestoreRepository } from "./restore_repository";
import { Retention } from "./retention";

const words = text.recycleBin;

const COLUMNS: Column<RecycledRepository>[] = [
  {
    id: "name",
    name: text.repositories.name,
    header: text.repositories.name,
    cell: nameOf,
    sortingComparator: (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
    isRowHeader: true,
    minWidth: 180,
  },
  {
    id: "deleted",
    name: words.deleted,
    header: words.deleted,
    cell: (one) => formatTime(momentOf(one.deletedAt)),
    sortingComparator: (one, other) => (one.deletedAt ?? 0) - (other.deletedAt ?? 0),
    minWidth: 210,
  },
  { id: "by", name: words.by, header: words.by, cell: (one) => one.deletedBy ?? "–", minWidth: 300 },
  {
    id: "images",
    name: text.storage.images,
    header: text.storage.images,
    cell: (one) => formatCount(one.imageCount ?? 0),
    sortingComparator: (one, other) => (one.imageCount ?? 0) - (other.imageCount ?? 0),
    minWidth: 90,
  },
  {
    id: "size",
    name: text.images.size,
    header: text.images.size,
    cell: (one) => formatBytes(one.imageSizeInBytes),
    sortingComparator: (one, other) => (one.imageSizeInBytes ?? 0) - (other.imageSizeInBytes ?? 0),
    minWidth: 90,
  },
  {
    id: "until",
    name: words.until,
    header: words.until,
    cell: (one) => formatTime(momentOf(one.restorableUntil)),
    sortingComparator: (one, other) => (one.restorableUntil ?? 0) - (other.restorableUntil ?? 0),
    minWidth: 210,
  },
];

export function RecycleBinPage(): ReactNode {
  const bin = useRecycleBin();
  const listing = useDeletedRepositories();
  const [selected, setSelected] = useState<RecycledRepository[]>([]);
  const [dialog, setDialog] = useState<"restore" | "purge" | "empty" | null>(null);
  const repository = selected[0];
  const close = () => setDialog(null);
  const done = () => {
    close();
    setSelected([]);
    listing.refresh();
  };
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={words.description}
          actions={
            <Button disabled={bin.data !== undefined && isEmpty(bin.data)} onClick={() => setDialog("empty")}>
              {words.empty}
            </Button>
          }
        >
          {words.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <FaultAlert failure={bin.error} />
        {bin.isPending && <Spinner size="large" />}
        {bin.data && <Contents bin={bin.data} />}
        <LongTable
          id="deleted-repositories"
          variant="container"
          columns={COLUMNS}
          entries={listing.entries}
          isComplete={listing.isComplete}
          failure={listing.failure}
          idOf={idOf}
          haystackOf={nameOf}
          filterLabel={words.filterRepositories}
          ariaLabel={words.repositories}
          sortedBy="deleted"
          isDescending
          selectionType="single"
          selectionLabelOf={nameOf}
          selected={selected}
          onSelect={setSelected}
          empty={<Box textAlign="center">{words.noRepositories}</Box>}
          header={(counter) => (
            <Header
              variant="h2"
              counter={counter}
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel={text.refresh} onClick={listing.refresh} />
                  <Button disabled={!repository} onClick={() => setDialog("purge")}>
                    {words.erase}
                  </Button>
                  <Button variant="primary" disabled={!repository} onClick={() => setDialog("restore")}>
                    {words.restore}
                  </Button>
                </SpaceBetween>
              }
            >
              {words.repositories}
            </Header>
          )}
        />
        {bin.data?.retentionDays !== undefined && (
          <Retention key={bin.data.retentionDays} days={bin.data.retentionDays} />
        )}
      </SpaceBetween>
      {repository && dialog === "restore" && <RestoreRepository repository={repository} onClose={close} />}
      {repository && dialog === "purge" && (
        <Purge
          title={words.eraseTitle(nameOf(repository))}
          phrase={nameOf(repository)}
          input={{ deletionId: idOf(repository) }}
          onDone={done}
          onClose={close}
        />
      )}
      {dialog === "empty" && (
        <Purge
          title={words.empty}
          phrase={words.emptyPhrase}
          input={{ everything: true }}
          onDone={done}
          onClose={close}
        />
      )}
    </ContentLayout>
  );
}

function Contents({ bin }: { bin: DescribeRecycleBinResponse }): ReactNode {
  return (
    <Container header={<Header variant="h2">{words.contents}</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          {
            label: words.repositories,
            value: held(bin.repositoryCount, bin.repositorySizeInBytes),
          },
          { label: words.images, value: held(bin.imageCount, bin.imageSizeInBytes) },
          { label: words.oldest, value: formatTime(momentOf(bin.oldestDeletedAt)) },
          { label: words.days, value: words.kept(bin.retentionDays ?? 0) },
        ]}
      />
    </Container>
  );
}

function held(count = 0, bytes = 0): string {
  return count === 0 ? text.none : words.held(formatCount(count), formatBytes(bytes));
}

function isEmpty(bin: DescribeRecycleBinResponse): boolean {
  return bin.repositoryCount === 0 && bin.imageCount === 0;
}

function Purge(props: {
  title: string;
  phrase: string;
  input: { deletionId: string } | { everything: boolean };
  onDone: () => void;
  onClose: () => void;
}): ReactNode {
  const { title, phrase, input, onDone, onClose } = props;
  const call = useEntrepot();
  const forget = useForgetting();
  const { tellSuccess } = useNotices();
  const purge = useMutation({
    mutationFn: () => call("PurgeRecycleBin", input),
    onSuccess: () => {
      forget();
      tellSuccess(words.erased);
      onDone();
    },
  });
  return (
    <Confirmation
      title={title}
      warning={words.eraseWarning}
      phrase={phrase}
      button={words.erase}
      isPending={purge.isPending}
      failure={purge.error}
      onConfirm={() => purge.mutate()}
      onClose={onClose}
    />
  );
}

function nameOf(repository: RecycledRepository): string {
  return repository.repositoryName ?? "";
}

function idOf(repository: RecycledRepository): string {
  return repository.deletionId ?? "";
}
