/** Pins and uses as tables, of one repository or of the whole registry. */

import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import type { Pin, Usage, UsageReport } from "../../../generated/entrepot";
import { formatTime, momentOf, shortDigest } from "../../format";
import { paths } from "../../paths";
import { column, countColumn, textColumn, timeColumn } from "../../shell/columns";
import { PageLink } from "../../shell/links";
import { ListingTable } from "../../shell/listing_table";
import type { Column } from "../../shell/long_table";
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
      <ListingTable
        id={repositoryName === undefined ? "all-pins" : "pins"}
        title={words.titlePins}
        description={words.descriptionPins}
        columns={columns}
        listing={listing}
        idOf={idOfPin}
        haystackOf={haystackOfPin}
        filterLabel={words.filterPins}
        sortedBy="pinned"
        isDescending
        selectionType="multi"
        selectionLabelOf={tellImage}
        selected={selected}
        onSelect={setSelected}
        empty={words.nonePins}
        onRefresh={listing.refresh}
        refreshLabel={words.refreshPins}
        actions={
          <Button disabled={selected.length === 0} onClick={() => setUnpinning(true)}>
            {words.unpinButton}
          </Button>
        }
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
    <ListingTable
      id={isOfCluster ? "usages-of-cluster" : "usages"}
      title={isOfCluster ? words.titleUsagesOf(scope.clusterName) : words.titleUsages}
      ariaLabel={words.titleUsages}
      description={words.descriptionUsages}
      columns={columns}
      listing={listing}
      idOf={idOfUsage}
      haystackOf={haystackOfUsage}
      filterLabel={words.filterUsages}
      sortedBy="cluster"
      empty={words.noneUsages}
      onRefresh={listing.refresh}
      refreshLabel={words.refreshUsages}
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
      <ListingTable
        id="usage-reports"
        title={words.titleReports}
        description={words.descriptionReports}
        columns={REPORT_COLUMNS}
        listing={listing}
        idOf={nameOfReport}
        haystackOf={haystackOfReport}
        filterLabel={words.filterReports}
        sortedBy="cluster"
        selectionType="single"
        selected={selected}
        onSelect={setSelected}
        empty={words.noneReports}
        onRefresh={listing.refresh}
        refreshLabel={words.refreshReports}
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
    ...textColumn("repository", text.repositories.name, ({ repositoryName: name = "" }) => name),
    cell: ({ repositoryName: name = "" }) => <PageLink to={paths.repository(name)}>{name}</PageLink>,
    minWidth: 180,
  };
}

const PIN_COLUMNS: Column<Pin>[] = [
  {
    ...column("image", words.image, (pin: Pin) => (
      <PageLink to={paths.image(pin.repositoryName ?? "", pin.imageDigest ?? "")}>{tellImage(pin)}</PageLink>
    )),
    isRowHeader: true,
    minWidth: 180,
  },
  { ...column("reason", words.reason, (pin: Pin) => pin.reason ?? "–"), minWidth: 160 },
  { ...column("by", words.by, (pin: Pin) => pin.pinnedBy ?? "–"), minWidth: 300 },
  timeColumn("pinned", words.at, (pin) => momentOf(pin.pinnedAt)),
  {
    ...column("until", words.until, (pin: Pin) =>
      pin.until === undefined ? words.forGood : formatTime(momentOf(pin.until)),
    ),
    sortingComparator: (one, other) =>
      (one.until ?? Number.POSITIVE_INFINITY) - (other.until ?? Number.POSITIVE_INFINITY),
    minWidth: 210,
  },
];

const USAGE_COLUMNS: Column<Usage>[] = [
  {
    ...column("image", words.image, (usage: Usage) => (
      <PageLink to={paths.image(usage.repositoryName ?? "", usage.imageDigest ?? "")}>
        {shortDigest(usage.imageDigest ?? "")}
      </PageLink>
    )),
    isRowHeader: true,
    minWidth: 200,
  },
  { ...textColumn("cluster", words.cluster, (usage: Usage) => usage.clusterName ?? "–"), minWidth: 160 },
  ...reportColumns<Usage>(),
];

const REPORT_COLUMNS: Column<UsageReport>[] = [
  { ...textColumn("cluster", words.cluster, nameOfReport), isRowHeader: true, minWidth: 160 },
  countColumn("images", words.count, (report) => report.imageCount ?? 0),
  column("by", words.reportedBy, (report) => report.reportedBy ?? "–"),
  ...reportColumns<UsageReport>(),
];

/** When something was reported, and until when that counts. */
function reportColumns<T extends { reportedAt?: number; expiresAt?: number }>(): Column<T>[] {
  return [
    timeColumn("reported", words.reported, (one) => momentOf(one.reportedAt)),
    timeColumn("expires", words.expires, (one) => momentOf(one.expiresAt)),
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
