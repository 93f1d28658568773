/** How much the registry holds, what of it is shared, how it grew, and who needs it. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { DescribeRegistryStatisticsResponse, RepositoryStatistics } from "../../../generated/entrepot";
import { formatBytes, formatCount, formatTime, momentOf } from "../../format";
import { paths } from "../../paths";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { Page } from "../../shell/page";
import { text } from "../../text";
import { Growth } from "./growth";
import { useRegistryStatistics } from "./queries";
import { TreeMap } from "./tree_map";

const words = text.storage;
const MOST_LISTED = 10;

export function StoragePage(): ReactNode {
  const statistics = useRegistryStatistics();
  const queries = useQueryClient();
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ["registry-statistics"] });
    void queries.invalidateQueries({ queryKey: ["statistics-history"] });
  };
  return (
    <Page
      title={words.title}
      description={words.description}
      actions={<Button iconName="refresh" ariaLabel={text.refresh} onClick={refresh} />}
    >
      <FaultAlert failure={statistics.error} />
      {statistics.isPending && <Spinner size="large" />}
      {statistics.data && <Dashboard statistics={statistics.data} />}
    </Page>
  );
}

function Dashboard({ statistics }: { statistics: DescribeRegistryStatisticsResponse }): ReactNode {
  const {
    largestRepositories: largest = [],
    mostPulledRepositories: pulled = [],
    neverPulledRepositories: never = [],
  } = statistics;
  return (
    <SpaceBetween size="l">
      <Totals statistics={statistics} />
      <Container header={<Header variant="h2">{words.map}</Header>}>
        {largest.some((one) => (one.sizeBytes ?? 0) > 0) ? (
          <TreeMap repositories={largest} total={statistics.logicalBytes ?? 0} />
        ) : (
          <Box textAlign="center">{words.nothing}</Box>
        )}
      </Container>
      <Growth />
      <Ranking title={words.largest} rows={largest} columns={[NAME, SIZE, UNIQUE, IMAGES, PUSHED]} />
      <ColumnLayout columns={2} minColumnWidth={420}>
        <Ranking title={words.mostPulled} rows={pulled} columns={[NAME, PULLS, PULLED]} />
        <Ranking title={words.neverPulled} rows={never} columns={[NAME, SIZE, PUSHED]} />
      </ColumnLayout>
    </SpaceBetween>
  );
}

function Totals({ statistics }: { statistics: DescribeRegistryStatisticsResponse }): ReactNode {
  const { storedBytes: stored, sharedBytes: shared, logicalBytes: logical } = statistics;
  return (
    <Container header={<Header variant="h2">{words.totals}</Header>}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={4}
          items={[
            { label: words.repositories, value: counted(statistics.repositoryCount) },
            { label: words.images, value: counted(statistics.imageCount) },
            { label: words.tags, value: counted(statistics.tagCount) },
            { label: words.pulls, value: counted(statistics.pullCount) },
            { label: words.logical, value: formatBytes(logical) },
            { label: words.stored, value: stored === undefined ? words.notYet : formatBytes(stored) },
            { label: words.shared, value: shared === undefined ? words.notYet : formatBytes(shared) },
            { label: words.asOf, value: formatTime(momentOf(statistics.storedBytesComputedAt)) },
          ]}
        />
        {stored !== undefined && shared !== undefined && stored > 0 && (
          <ProgressBar
            label={words.shared}
            description={words.sharedOfStored(formatBytes(shared), formatBytes(stored - shared))}
            value={(shared / stored) * 100}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}

function Ranking(props: {
  title: string;
  rows: RepositoryStatistics[];
  columns: TableProps.ColumnDefinition<RepositoryStatistics>[];
}): ReactNode {
  const { title, rows, columns } = props;
  return (
    <Table
      items={rows.slice(0, MOST_LISTED)}
      trackBy={(one) => one.repositoryName ?? ""}
      ariaLabels={{ tableLabel: title }}
      columnDefinitions={columns}
      header={<Header variant="h2">{title}</Header>}
      empty={<Box textAlign="center">{text.none}</Box>}
    />
  );
}

const NAME: TableProps.ColumnDefinition<RepositoryStatistics> = {
  id: "name",
  header: text.repositories.name,
  cell: ({ repositoryName: name = "" }) => <PageLink to={paths.repository(name)}>{name}</PageLink>,
  isRowHeader: true,
};
const SIZE = column("size", words.logical, (one) => formatBytes(one.sizeBytes));
const UNIQUE = column("unique", words.unique, (one) => formatBytes(one.uniqueBytes));
const IMAGES = column("images", words.images, (one) => counted(one.imageCount));
const PULLS = column("pulls", words.pulls, (one) => counted(one.pullCount));
const PUSHED = column("pushed", words.lastPush, (one) => formatTime(momentOf(one.lastPushedAt)));
const PULLED = column("pulled", words.lastPull, (one) => formatTime(momentOf(one.lastPulledAt)));

function column(
  id: string,
  header: string,
  cell: (one: RepositoryStatistics) => string,
): TableProps.ColumnDefinition<RepositoryStatistics> {
  return { id, header, cell };
}

function counted(count: number | undefined): string {
  return count === undefined ? "–" : formatCount(count);
}
