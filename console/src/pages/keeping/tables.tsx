/** Pins and uses as tables, of one repository or of the whole registry. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import type { Pin, Usage, UsageReport } from "../../../generated/entrepot";
import { formatCount, formatTime, momentOf, shortDigest } from "../../format";
import { paths } from "../../paths";
import { PageLink } from "../../shell/links";
import { type Column, LongTable } from "../../shell/long_table";
import { text } from "../../text";
import { UnpinDialog } from "./pin_dialogs";
import { type UsageScope, usePins, useReports, useUsages } from "./queries";

const words = text.pins;

export function PinTable({ repositoryName }: { repositoryName?: string }): ReactNode {
  const listing = usePins(repositoryName);
  const [selected, setSelected] = useState<Pin[]>([]);
  const [isUnpinning, setUnpinning] = useState(false);
  const columns = useMemo(
    () => (repositoryName === undefined ? [repositoryColumn<Pin>(), ...PIN_COLUMNS] : PIN_COLUMNS),
    [repositoryName],
  );
  return (
    <>
      <LongTable
        id={repositoryName === undefined ? "all-pins" : "pins"}
        variant="container"
        columns={columns}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={idOfPin}
        haystackOf={haystackOfPin}
        filterLabel={words.filterPins}
        ariaLabel={words.titlePins}
        sortedBy="pinned"
        isDescending
        selectionType="multi"
        selectionLabelOf={(pin) => tellImage(pin)}
        selected={selected}
        onSelect={setSelected}
        empty={<Box textAlign="center">{words.nonePins}</Box>}
        header={(counter) => (
          <Header
            variant="h2"
            counter={counter}
            description={words.descriptionPins}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={words.refreshPins} onClick={listing.refresh} />
                <Button disabled={selected.length === 0} onClick={() => setUnpinning(true)}>
                  {words.unpinButton}
                </Button>
              </SpaceBetween>
            }
          >
            {words.titlePins}
          </Header>
        )}
      />
      {isUnpinning && (
        <UnpinDialog
          images={selected.map(({ repositoryName: name = "", imageDigest = "" }) => ({
            repositoryName: name,
            imageDigest,
          }))}
          onClose={() => setUnpinning(false)}
          onDone={() => {
            setUnpinning(false);
            setSelected([]);
            listing.refresh();
          }}
        />
      )}
    </>
  );
}

export function UsageTable({ scope }: { scope: UsageScope }): ReactNode {
  const listing = useUsages(scope);
  const isOfCluster = "clusterName" in scope;
  const columns = useMemo(
    () => (isOfCluster ? [repositoryColumn<Usage>(), ...USAGE_COLUMNS] : USAGE_COLUMNS),
    [isOfCluster],
  );
  return (
    <LongTable
      id={isOfCluster ? "usages-of-cluster" : "usages"}
      variant="container"
      columns={columns}
      entries={listing.entries}
      isComplete={listing.isComplete}
      failure={listing.failure}
      idOf={idOfUsage}
      haystackOf={haystackOfUsage}
      filterLabel={words.filterUsages}
      ariaLabel={words.titleUsages}
      sortedBy="cluster"
      empty={<Box textAlign="center">{words.noneUsages}</Box>}
      header={(counter) => (
        <Header
          variant="h2"
          counter={counter}
          description={words.descriptionUsages}
          actions={<Button iconName="refresh" ariaLabel={words.refreshUsages} onClick={listing.refresh} />}
        >
          {isOfCluster ? words.titleUsagesOf(scope.clusterName) : words.titleUsages}
        </Header>
      )}
    />
  );
}

/** Which clusters have told what they run, and what the chosen one does. */
export function ClusterTables(): ReactNode {
  const listing = useReports();
  const [selected, setSelected] = useState<UsageReport[]>([]);
  const clusterName = selected[0]?.clusterName;
  return (
    <SpaceBetween size="l">
      <LongTable
        id="usage-reports"
        variant="container"
        columns={REPORT_COLUMNS}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={nameOfReport}
        haystackOf={haystackOfReport}
        filterLabel={words.filterReports}
        ariaLabel={words.titleReports}
        sortedBy="cluster"
        selectionType="single"
        selected={selected}
        onSelect={setSelected}
        empty={<Box textAlign="center">{words.noneReports}</Box>}
        header={(counter) => (
          <Header
            variant="h2"
            counter={counter}
            description={words.descriptionReports}
            actions={<Button iconName="refresh" ariaLabel={words.refreshReports} onClick={listing.refresh} />}
          >
            {words.titleReports}
          </Header>
        )}
      />
      {clusterName !== undefined && <UsageTable key={clusterName} scope={{ clusterName }} />}
    </SpaceBetween>
  );
}

interface Placed {
  repositoryName?: string;
}

function repositoryColumn<T extends Placed>(): Column<T> {
  return {
    id: "repository",
    name: text.repositories.name,
    header: text.repositories.name,
    cell: ({ repositoryName: name = "" }) => <PageLink to={paths.repository(name)}>{name}</PageLink>,
    sortingComparator: (one, other) => compare(one.repositoryName, other.repositoryName),
    minWidth: 180,
  };
}

const PIN_COLUMNS: Column<Pin>[] = [
  {
    id: "image",
    name: words.image,
    header: words.image,
    cell: (pin) => (
      <PageLink to={paths.image(pin.repositoryName ?? "", pin.imageDigest ?? "")}>{tellImage(pin)}</PageLink>
    ),
    isRowHeader: true,
    minWidth: 180,
  },
  { id: "reason", name: words.reason, header: words.reason, cell: (pin) => pin.reason ?? "–", minWidth: 160 },
  { id: "by", name: words.by, header: words.by, cell: (pin) => pin.pinnedBy ?? "–", minWidth: 300 },
  {
    id: "pinned",
    name: words.at,
    header: words.at,
    cell: (pin) => formatTime(momentOf(pin.pinnedAt)),
    sortingComparator: (one, other) => (one.pinnedAt ?? 0) - (other.pinnedAt ?? 0),
    minWidth: 210,
  },
  {
    id: "until",
    name: words.until,
    header: words.until,
    cell: (pin) => (pin.until === undefined ? words.forGood : formatTime(momentOf(pin.until))),
    sortingComparator: (one, other) =>
      (one.until ?? Number.POSITIVE_INFINITY) - (other.until ?? Number.POSITIVE_INFINITY),
    minWidth: 210,
  },
];

const USAGE_COLUMNS: Column<Usage>[] = [
  {
    id: "image",
    name: words.image,
    header: words.image,
    cell: (usage) => (
      <PageLink to={paths.image(usage.repositoryName ?? "", usage.imageDigest ?? "")}>
        {shortDigest(usage.imageDigest ?? "")}
      </PageLink>
    ),
    isRowHeader: true,
    minWidth: 200,
  },
  {
    id: "cluster",
    name: words.cluster,
    header: words.cluster,
    cell: (usage) => usage.clusterName ?? "–",
    sortingComparator: (one, other) => compare(one.clusterName, other.clusterName),
    minWidth: 160,
  },
  ...momentColumns<Usage>(),
];

const REPORT_COLUMNS: Column<UsageReport>[] = [
  {
    id: "cluster",
    name: words.cluster,
    header: words.cluster,
    cell: (report) => report.clusterName,
    sortingComparator: (one, other) => compare(one.clusterName, other.clusterName),
    isRowHeader: true,
    minWidth: 160,
  },
  {
    id: "images",
    name: words.count,
    header: words.count,
    cell: (report) => formatCount(report.imageCount ?? 0),
    sortingComparator: (one, other) => (one.imageCount ?? 0) - (other.imageCount ?? 0),
  },
  { id: "by", name: words.reportedBy, header: words.reportedBy, cell: (report) => report.reportedBy ?? "–" },
  ...momentColumns<UsageReport>(),
];

function momentColumns<T extends { reportedAt?: number; expiresAt?: number }>(): Column<T>[] {
  return [
    {
      id: "reported",
      name: words.reported,
      header: words.reported,
      cell: (one) => formatTime(momentOf(one.reportedAt)),
      sortingComparator: (one, other) => (one.reportedAt ?? 0) - (other.reportedAt ?? 0),
      minWidth: 210,
    },
    {
      id: "expires",
      name: words.expires,
      header: words.expires,
      cell: (one) => formatTime(momentOf(one.expiresAt)),
      sortingComparator: (one, other) => (one.expiresAt ?? 0) - (other.expiresAt ?? 0),
      minWidth: 210,
    },
  ];
}

function tellImage(pin: Pin): string {
  return pin.imageTags?.join(", ") || shortDigest(pin.imageDigest ?? "");
}

function idOfPin(pin: Pin): string {
  return `${pin.repositoryName}@${pin.imageDigest}`;
}

function haystackOfPin(pin: Pin): string {
  const { repositoryName, imageTags = [], imageDigest, reason = "", pinnedBy } = pin;
  return `${repositoryName} ${imageTags.join(" ")} ${imageDigest} ${reason} ${pinnedBy}`.toLowerCase();
}

function idOfUsage(usage: Usage): string {
  return `${usage.clusterArn} ${usage.repositoryName}@${usage.imageDigest}`;
}

function haystackOfUsage(usage: Usage): string {
  return `${usage.repositoryName} ${usage.imageDigest} ${usage.clusterName}`.toLowerCase();
}

function nameOfReport(report: UsageReport): string {
  return report.clusterName ?? "";
}

function haystackOfReport(report: UsageReport): string {
  return `${report.clusterName} ${report.reportedBy}`.toLowerCase();
}

function compare(one = "", other = ""): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
