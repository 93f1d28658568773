/** What is kept whatever lifecycle policies say: pinned images, and images that clusters run. */

import { useMemo } from "react";
import type { Pin, Usage, UsageReport } from "../../../generated/entrepot";
import { type Listing, useListing } from "../../api/listing";
import { useEntrepot, useSession } from "../../session/context";
import { text } from "../../text";

const PAGE = 1000; // the most that these operations give at once

/** Of one repository, or of all where none is named. */
export function usePins(repositoryName?: string): Listing<Pin> {
  const call = useEntrepot();
  const { account, region } = useSession();
  return useListing(`pins/${account}/${region}/${repositoryName ?? ""}`, async (nextToken, signal) => {
    const page = await call("ListPins", { repositoryName, maxResults: PAGE, nextToken }, signal);
    return { entries: page.pins ?? [], next: page.nextToken };
  });
}

/** Images of a repository that any cluster runs, or images of any repository that a cluster runs. */
export type UsageScope = { repositoryName: string } | { clusterName: string };

export function useUsages(scope: UsageScope): Listing<Usage> {
  const call = useEntrepot();
  const { account, region } = useSession();
  return useListing(`usages/${account}/${region}/${JSON.stringify(scope)}`, async (nextToken, signal) => {
    const page = await call("ListUsage", { ...scope, maxResults: PAGE, nextToken }, signal);
    return { entries: page.usages ?? [], next: page.nextToken };
  });
}

export function useReports(): Listing<UsageReport> {
  const call = useEntrepot();
  const { account } = useSession();
  return useListing(`usage-reports/${account}`, async (nextToken, signal) => {
    const page = await call("DescribeUsage", { maxResults: PAGE, nextToken }, signal);
    return { entries: page.reports ?? [], next: page.nextToken };
  });
}

export interface Keeping {
  pins: ReadonlyMap<string, Pin>;
  /** Names of the clusters that run an image. */
  clusters: ReadonlyMap<string, readonly string[]>;
  refresh: () => void;
}

/** Why an image is kept, in words; "" where nothing keeps it. */
export function tellKept(digest: string, { pins, clusters }: Pick<Keeping, "pins" | "clusters">): string {
  const pin = pins.get(digest);
  const used = clusters.get(digest);
  return [
    ...(pin === undefined ? [] : [pin.reason ? text.pins.pinnedFor(pin.reason) : text.pins.isPinned]),
    ...(used === undefined ? [] : [text.pins.inUse(used.join(", "))]),
  ].join("; ");
}

/** What keeps each image of a repository, by its digest; nothing for whoever may not ask. */
export function useKeeping(repositoryName: string): Keeping {
  const pins = usePins(repositoryName);
  const usages = useUsages({ repositoryName });
  const byDigest = useMemo(
    () => new Map(pins.entries.map((pin) => [pin.imageDigest ?? "", pin])),
    [pins.entries],
  );
  const clusters = useMemo(() => clustersOf(usages.entries), [usages.entries]);
  const refresh = () => {
    pins.refresh();
    usages.refresh();
  };
  return { pins: byDigest, clusters, refresh };
}

function clustersOf(usages: readonly Usage[]): Map<string, string[]> {
  const clusters = new Map<string, string[]>();
  for (const { imageDigest = "", clusterName = "" } of usages) {
    clusters.set(imageDigest, [...(clusters.get(imageDigest) ?? []), clusterName]);
  }
  return clusters;
}
