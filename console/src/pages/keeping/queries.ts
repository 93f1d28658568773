/** What is kept whatever lifecycle policies say: pinned images, and images that clusters run. */

import type { ImageDetail, Repository } from "@aws-sdk/client-ecr";
import { useMemo } from "react";
import type { Pin, Usage, UsageReport } from "../../../generated/entrepot";
import { type Listing, useListing } from "../../api/listing";
import { PIN_TAG, patternsIn, pinnedTag } from "../../domain/pins";
import { useEntrepot, useSession } from "../../session/context";
import { text } from "../../text";
import { useResourceTags } from "../repository/tags";

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

/** What keeps the images of a repository; nothing for whoever may not ask. */
export interface Keeping {
  /** By digest, as all of it is. */
  pins: ReadonlyMap<string, Pin>;
  /** Names of the clusters that run an image. */
  clusters: ReadonlyMap<string, readonly string[]>;
  /** Patterns of tags that pin the images which have them. */
  patterns: readonly string[];
}

/** Why an image is kept, in words; "" where nothing keeps it. */
export function tellKept({ imageDigest = "", imageTags = [] }: ImageDetail, keeping: Keeping): string {
  const pin = keeping.pins.get(imageDigest);
  const used = keeping.clusters.get(imageDigest);
  const tag = pinnedTag(keeping.patterns, imageTags);
  return [
    ...(pin === undefined ? [] : [pin.reason ? text.pins.pinnedFor(pin.reason) : text.pins.isPinned]),
    ...(tag === undefined ? [] : [text.pins.pinnedByTag(tag)]),
    ...(used === undefined ? [] : [text.pins.inUse(used.join(", "))]),
  ].join("; ");
}

/** It stays the same object until something of it has changed. */
export function useKeeping(repository: Repository): { keeping: Keeping; refresh: () => void } {
  const { repositoryName, repositoryArn } = repository;
  const pins = usePins(repositoryName);
  const usages = useUsages({ repositoryName: repositoryName ?? "" });
  const tags = useResourceTags(repositoryArn ?? "");
  const keeping = useMemo(
    () => ({
      pins: new Map(pins.entries.map((pin) => [pin.imageDigest ?? "", pin])),
      clusters: clustersOf(usages.entries),
      patterns: patternsIn(tags.data?.find((tag) => tag.Key === PIN_TAG)?.Value ?? ""),
    }),
    [pins.entries, usages.entries, tags.data],
  );
  const refresh = () => {
    pins.refresh();
    usages.refresh();
  };
  return { keeping, refresh };
}

function clustersOf(usages: readonly Usage[]): Map<string, string[]> {
  const clusters = new Map<string, string[]>();
  for (const { imageDigest = "", clusterName = "" } of usages) {
    clusters.set(imageDigest, [...(clusters.get(imageDigest) ?? []), clusterName]);
  }
  return clusters;
}
