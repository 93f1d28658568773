/** The recycle bin of the registry: what is in it, for how long, and the ways out of it. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { type ReactNode, useState } from "react";
import type { DescribeRecycleBinResponse, RecycledRepository } from "../../../generated/entrepot";
import { formatBytes, formatCount, formatTime, momentOf } from "../../format";
import { useEntrepot } from "../../session/context";
import { column, countColumn, sizeColumn, textColumn, timeColumn } from "../../shell/columns";
import { FaultAlert } from "../../shell/fault";
import { GuardedButton } from "../../shell/guarded_button";
import { ListingTable } from "../../shell/listing_table";
import type { Column } from "../../shell/long_table";
import { useNotices } from "../../shell/notifications";
import { Page } from "../../shell/page";
import { text } from "../../text";
import { useDeletedRepositories, useForgetting, useRecycleBin } from "./queries";
import { RestoreRepository } from "./restore_repository";
import { Retention } from "./retention";

const words = text.recycleBin;

const COLUMNS: Column<RecycledRepository>[] = [
  { ...textColumn("name", text.repositories.name, nameOf), isRowHeader: true, minWidth: 180 },
  timeColumn("deleted", words.deleted, (one) => momentOf(one.deletedAt)),
  countColumn("images", text.storage.images, (one) => one.imageCount),
  sizeColumn("size", text.images.size, (one) => one.imageSizeInBytes),
  timeColumn("until", words.until, (one) => momentOf(one.restorableUntil)),
  { ...column("by", words.by, (one: RecycledRepository) => one.deletedBy ?? "–"), minWidth: 300 },
];

export function RecycleBinPage(): ReactNode {
  const bin = useRecycleBin();
  const listing = useDeletedRepositories();
  const [selected, setSelected] = useState<RecycledRepository[]>([]);
  const [isRestoring, setRestoring] = useState(false);
  const repository = selected[0];
  const done = () => {
    setSelected([]);
    listing.refresh();
  };
  return (
    <Page
      title={words.title}
      description={words.description}
      actions={
        <PurgeButton
          label={words.empty}
          title={words.empty}
          phrase={words.emptyPhrase}
          input={bin.data !== undefined && isEmpty(bin.data) ? undefined : { everything: true }}
          onDone={done}
        />
      }
    >
      <SpaceBetween size="l">
        <FaultAlert failure={bin.error} />
        {bin.isPending && <Spinner size="large" />}
        {bin.data && <Contents bin={bin.data} />}
        <ListingTable
          id="deleted-repositories"
          title={words.repositories}
          columns={COLUMNS}
          listing={listing}
          idOf={idOf}
          haystackOf={nameOf}
          filterLabel={words.filterRepositories}
          sortedBy="deleted"
          isDescending
          selectionType="single"
          selectionLabelOf={nameOf}
          selected={selected}
          onSelect={setSelected}
          empty={words.noRepositories}
          onRefresh={listing.refresh}
          actions={
            <>
              <PurgeButton
                label={words.erase}
                title={words.eraseTitle(nameOf(repository))}
                phrase={nameOf(repository)}
                input={repository && { deletionId: idOf(repository) }}
                onDone={done}
              />
              <Button variant="primary" disabled={!repository} onClick={() => setRestoring(true)}>
                {words.restore}
              </Button>
            </>
          }
        />
        {bin.data?.retentionDays !== undefined && (
          <Retention key={bin.data.retentionDays} days={bin.data.retentionDays} />
        )}
      </SpaceBetween>
      {repository && isRestoring && (
        <RestoreRepository repository={repository} onClose={() => setRestoring(false)} />
      )}
    </Page>
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

function PurgeButton(props: {
  label: string;
  title: string;
  phrase: string;
  /** What is erased; undefined where there is nothing yet. */
  input: { deletionId: string } | { everything: boolean } | undefined;
  onDone: () => void;
}): ReactNode {
  const { label, title, phrase, input, onDone } = props;
  const call = useEntrepot();
  const forget = useForgetting();
  const { tellSuccess } = useNotices();
  const purge = async () => {
    await call("PurgeRecycleBin", input ?? {});
    forget();
    tellSuccess(words.erased);
    onDone();
  };
  return (
    <GuardedButton
      title={title}
      warning={words.eraseWarning}
      phrase={phrase}
      confirmLabel={words.erase}
      isDisabled={input === undefined}
      onConfirm={purge}
    >
      {label}
    </GuardedButton>
  );
}

function nameOf(repository: RecycledRepository | undefined): string {
  return repository?.repositoryName ?? "";
}

function idOf(repository: RecycledRepository): string {
  return repository.deletionId ?? "";
}
