/** All repositories of the registry, or how to push a first image where there are none. */

import type { Repository } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import type { RepositoryStatistics } from "../../../generated/entrepot";
import { tellMutability } from "../../domain/mutability";
import { formatBytes, formatCount, formatTime, momentOf } from "../../format";
import { paths } from "../../paths";
import { useSession } from "../../session/context";
import { CopyableCell } from "../../shell/copyable";
import { type CsvColumn, CsvDownload } from "../../shell/csv_download";
import { hrefOf, PageLink, useFollow } from "../../shell/links";
import { type Column, LongTable, type Sorting } from "../../shell/long_table";
import { useShownRows } from "../../shell/shown_rows";
import { text } from "../../text";
import { PushCommands } from "../repository/push_commands";
import { RepositoryStatisticsProvider, StatisticsCell } from "../storage/cells";
import { useAllRepositoryStatistics, useRepositoryRanking } from "../storage/queries";
import { DeleteRepository } from "./delete";
import { FirstRun } from "./first_run";
import { useRepositories } from "./queries";

const words = text.repositories;
const BY_NAME: Sorting = { by: "name", isDescending: false };

const COLUMNS: Column<Repository>[] = [
  {
    id: "name",
    name: words.name,
    header: words.name,
    cell: (one) => <PageLink to={paths.repository(nameOf(one))}>{nameOf(one)}</PageLink>,
    sortingComparator: (one, other) => compare(nameOf(one), nameOf(other)),
    isRowHeader: true,
    minWidth: 240,
  },
  {
    id: "uri",
    name: words.uri,
    header: words.uri,
    cell: (one) => <CopyableCell value={one.repositoryUri ?? ""} />,
    sortingComparator: (one, other) => compare(one.repositoryUri ?? "", other.repositoryUri ?? ""),
    minWidth: 220,
  },
  {
    id: "images",
    name: text.storage.images,
    header: text.storage.images,
    cell: (one) => <StatisticsCell repository={one} tell={(told) => counted(told.imageCount)} />,
    isRanked: true,
    minWidth: 120,
  },
  {
    id: "size",
    name: text.storage.logical,
    header: text.storage.logical,
    cell: (one) => <StatisticsCell repository={one} tell={(told) => formatBytes(told.sizeBytes)} />,
    isRanked: true,
    minWidth: 120,
  },
  {
    id: "last-push",
    name: text.storage.lastPush,
    header: text.storage.lastPush,
    cell: (one) => (
      <StatisticsCell repository={one} tell={(told) => formatTime(momentOf(told.lastPushedAt))} />
    ),
    isRanked: true,
    minWidth: 200,
  },
  {
    id: "last-pull",
    name: text.storage.lastPull,
    header: text.storage.lastPull,
    cell: (one) => (
      <StatisticsCell repository={one} tell={(told) => formatTime(momentOf(told.lastPulledAt))} />
    ),
    isRanked: true,
    minWidth: 200,
  },
  {
    id: "pulls",
    name: text.storage.pulls,
    header: text.storage.pulls,
    cell: (one) => <StatisticsCell repository={one} tell={(told) => counted(told.pullCount)} />,
    isRanked: true,
    minWidth: 120,
  },
  {
    id: "created",
    name: words.created,
    header: words.created,
    cell: (one) => formatTime(one.createdAt),
    sortingComparator: (one, other) => (one.createdAt?.getTime() ?? 0) - (other.createdAt?.getTime() ?? 0),
    minWidth: 200,
  },
  {
    id: "mutability",
    name: words.mutability,
    header: words.mutability,
    cell: tellMutability,
    sortingComparator: (one, other) => compare(tellMutability(one), tellMutability(other)),
    minWidth: 140,
  },
  {
    id: "encryption",
    name: words.encryption,
    header: words.encryption,
    cell: (one) => encryptionOf(one) ?? "–",
    sortingComparator: (one, other) => compare(encryptionOf(one) ?? "", encryptionOf(other) ?? ""),
    minWidth: 120,
  },
  {
    id: "scan",
    name: words.scanOnPush,
    header: words.scanOnPush,
    cell: (one) => (scansOnPush(one) ? text.on : text.off),
    sortingComparator: (one, other) => Number(scansOnPush(one)) - Number(scansOnPush(other)),
    isStandard: false,
  },
  {
    id: "arn",
    name: words.arn,
    header: words.arn,
    cell: (one) => <CopyableCell value={one.repositoryArn ?? ""} />,
    isStandard: false,
  },
];

type Known = ReadonlyMap<string, RepositoryStatistics>;

const CSV_COLUMNS: CsvColumn<Repository, Known>[] = [
  { name: words.name, cell: nameOf },
  { name: words.uri, cell: (one) => one.repositoryUri },
  { name: words.arn, cell: (one) => one.repositoryArn },
  { name: text.storage.images, cell: (one, known) => known.get(nameOf(one))?.imageCount },
  { name: text.storage.tags, cell: (one, known) => known.get(nameOf(one))?.tagCount },
  { name: text.csv.bytes, cell: (one, known) => known.get(nameOf(one))?.sizeBytes },
  { name: text.csv.uniqueBytes, cell: (one, known) => known.get(nameOf(one))?.uniqueBytes },
  { name: text.storage.lastPush, cell: (one, known) => momentOf(known.get(nameOf(one))?.lastPushedAt) },
  { name: text.storage.lastPull, cell: (one, known) => momentOf(known.get(nameOf(one))?.lastPulledAt) },
  { name: text.storage.pulls, cell: (one, known) => known.get(nameOf(one))?.pullCount },
  { name: words.created, cell: (one) => one.createdAt },
  { name: words.mutability, cell: tellMutability },
  { name: words.encryption, cell: encryptionOf },
  { name: words.scanOnPush, cell: (one) => (scansOnPush(one) ? text.on : text.off) },
];

export function RepositoriesPage(): ReactNode {
  const navigate = useNavigate();
  const follow = useFollow();
  const { account, region } = useSession();
  const listing = useRepositories();
  const [sorting, setSorting] = useState<Sorting>(BY_NAME);
  const ranking = useRepositoryRanking(sorting);
  const fetchStatistics = useAllRepositoryStatistics();
  const refresh = () => {
    listing.refresh();
    ranking.refresh();
  };
  const [selected, setSelected] = useState<Repository[]>([]);
  const shown = useShownRows<Repository>();
  const [dialog, setDialog] = useState<"push" | "delete" | null>(null);
  const repository = selected[0];
  const close = () => setDialog(null);

  if (listing.isComplete && listing.entries.length === 0 && !listing.failure) {
    return <FirstRun />;
  }
  return (
    <ContentLayout>
      <RepositoryStatisticsProvider shown={shown}>
        <LongTable
          id="repositories"
          columns={COLUMNS}
          onShow={shown.set}
          entries={listing.entries}
          isComplete={listing.isComplete}
          failure={listing.failure}
          idOf={nameOf}
          haystackOf={nameOf}
          filterLabel={words.filter}
          ariaLabel={words.title}
          sortedBy={BY_NAME.by}
          onSort={setSorting}
          ranking={ranking}
          selectionType="single"
          selected={selected}
          onSelect={setSelected}
          empty={<Box textAlign="center">{words.none}</Box>}
          header={(counter, matching) => (
            <Header
              variant="h1"
              counter={counter}
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel={text.refresh} onClick={refresh} />
                  <CsvDownload
                    fileName={["repositories", account, region]}
                    rows={matching}
                    columns={CSV_COLUMNS}
                    fetchKnown={fetchStatistics}
                    disabled={!listing.isComplete}
                  />
                  <Button disabled={!repository} onClick={() => setDialog("push")}>
                    {text.push.view}
                  </Button>
                  <Button
                    disabled={!repository}
                    onClick={() => repository && navigate(paths.editRepository(nameOf(repository)))}
                  >
                    {text.edit}
                  </Button>
                  <Button disabled={!repository} onClick={() => setDialog("delete")}>
                    {text.delete}
                  </Button>
                  <Button variant="primary" href={hrefOf(paths.createRepository)} onFollow={follow}>
                    {words.create}
                  </Button>
                </SpaceBetween>
              }
            >
              {words.title}
            </Header>
          )}
        />
      </RepositoryStatisticsProvider>
      {repository && dialog === "push" && <PushCommands repository={repository} onClose={close} />}
      {repository && dialog === "delete" && (
        <DeleteRepository
          name={nameOf(repository)}
          onClose={close}
          onDeleted={() => {
            close();
            setSelected([]);
            listing.refresh();
          }}
        />
      )}
    </ContentLayout>
  );
}

function nameOf(repository: Repository): string {
  return repository.repositoryName ?? "";
}

function encryptionOf(repository: Repository): string | undefined {
  return repository.encryptionConfiguration?.encryptionType;
}

function scansOnPush(repository: Repository): boolean {
  return repository.imageScanningConfiguration?.scanOnPush ?? false;
}

function counted(count: number | undefined): string {
  return count === undefined ? "–" : formatCount(count);
}

/** The server's own order; `localeCompare` would take ten times as long. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
