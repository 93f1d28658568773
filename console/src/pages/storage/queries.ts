/** What pages ask about how much there is, and how it is used. */

import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type {
  DescribeRegistryStatisticsResponse,
  EstimateDeletionResponse,
  RepositorySortKey,
  RepositoryStatistics,
  SortOrder,
  StatisticsPoint,
} from "../../../generated/entrepot";
import { isRefusal } from "../../api/faults";
import type { Listing, Page } from "../../api/listing";
import { pageSize, useRanking } from "../../api/ranking";
import { useEntrepot, useSession } from "../../session/context";
import type { Sorting } from "../../shell/long_table";

const MOST_REPOSITORIES = 100; // the most that each of the operations takes or names
const MOST_IMAGES = 100;
const PAGE = 1000; // the most that a list gives at once
const HISTORY_DAYS = 365;

export function useRegistryStatistics(): UseQueryResult<DescribeRegistryStatisticsResponse> {
  const call = useEntrepot();
  return useQuery({
    queryKey: ["registry-statistics"],
    queryFn: ({ signal }) =>
      call("DescribeRegistryStatistics", { maxRepositories: MOST_REPOSITORIES }, signal),
  });
}

/** A point for each day, of the registry. */
export function useStatisticsHistory(): UseQueryResult<StatisticsPoint[]> {
  const call = useEntrepot();
  return useQuery({
    queryKey: ["statistics-history"],
    queryFn: async ({ signal }) => {
      const startTime = Math.floor(Date.now() / 1000) - HISTORY_DAYS * 86_400;
      return (await call("ListStatisticsHistory", { startTime }, signal)).points ?? [];
    },
  });
}

/** What a column of repositories is ordered by in the server. */
const REPOSITORY_KEYS: Readonly<Record<string, RepositorySortKey>> = {
  images: "IMAGE_COUNT",
  size: "SIZE",
  pulls: "PULL_COUNT",
  "last-push": "LAST_PUSHED",
  "last-pull": "LAST_PULLED",
};

/** Names of repositories in the order of a column, where that is the server's to keep. */
export function useRepositoryRanking({ by, isDescending }: Sorting): Listing<string> {
  const call = useEntrepot();
  const { account, region } = useSession();
  const sortBy = REPOSITORY_KEYS[by];
  const name = sortBy && `repositories/${account}/${region}/${by}/${isDescending}`;
  return useRanking(name ?? null, async (nextToken, signal) => {
    const asked = { sortBy, sortOrder: sortOrder(isDescending), maxResults: pageSize(nextToken), nextToken };
    const page = await call("ListRepositoryStatistics", asked, signal);
    return { entries: page.repositories?.map((one) => one.repositoryName ?? "") ?? [], next: page.nextToken };
  });
}

/** Digests of a repository's images in the order of their pulls, where that is the column. */
export function useImageRanking(repositoryName: string, { by, isDescending }: Sorting): Listing<string> {
  const call = useEntrepot();
  const { account, region } = useSession();
  const name = by === "pulls" ? `images/${account}/${region}/${repositoryName}/${isDescending}` : null;
  return useRanking(name, async (nextToken, signal) => {
    const page = await call(
      "ListImageStatistics",
      {
        repositoryName,
        sortBy: "PULL_COUNT",
        sortOrder: sortOrder(isDescending),
        maxResults: pageSize(nextToken),
        nextToken,
      },
      signal,
    );
    return { entries: page.images?.map((one) => one.imageDigest ?? "") ?? [], next: page.nextToken };
  });
}

function sortOrder(isDescending: boolean): SortOrder {
  return isDescending ? "DESCENDING" : "ASCENDING";
}

/** The statistics of every repository, by name; nothing for whoever may not ask. */
export function useAllRepositoryStatistics(): FetchKnown<ReadonlyMap<string, RepositoryStatistics>> {
  const call = useEntrepot();
  return (signal, tell) =>
    gather(tell, async (nextToken) => {
      const page = await call("ListRepositoryStatistics", { maxResults: PAGE, nextToken }, signal);
      const entries = page.repositories?.map((one) => [one.repositoryName ?? "", one] as const) ?? [];
      return { entries, next: page.nextToken };
    });
}

/** How often every image of a repository was pulled, by digest; nothing for whoever may not ask. */
export function useAllImagePulls(repositoryName: string): FetchKnown<ReadonlyMap<string, number>> {
  const call = useEntrepot();
  return (signal, tell) =>
    gather(tell, async (nextToken) => {
      const page = await call("ListImageStatistics", { repositoryName, maxResults: PAGE, nextToken }, signal);
      const entries = page.images?.map((one) => [one.imageDigest ?? "", one.pullCount ?? 0] as const) ?? [];
      return { entries, next: page.nextToken };
    });
}

type FetchKnown<Known> = (signal: AbortSignal, tell: (count: number) => void) => Promise<Known>;

async function gather<T>(
  tell: (count: number) => void,
  fetchPage: (token: string | undefined) => Promise<Page<readonly [string, T]>>,
): Promise<ReadonlyMap<string, T>> {
  const known = new Map<string, T>();
  let token: string | undefined;
  try {
    do {
      const page = await fetchPage(token);
      for (const [id, told] of page.entries) {
        known.set(id, told);
      }
      token = page.next;
      tell(known.size);
    } while (token !== undefined);
  } catch (failure) {
    if (!isRefusal(failure)) {
      throw failure;
    }
  }
  return known;
}

/** By name, of those that are shown; nothing of what the caller may not ask about. */
export function useRepositoryStatistics(names: readonly string[]): ReadonlyMap<string, RepositoryStatistics> {
  const call = useEntrepot();
  const found = useQuery<ReadonlyMap<string, RepositoryStatistics>>({
    queryKey: ["repository-statistics", names],
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const repositoryNames = names.slice(0, MOST_REPOSITORIES);
      const { repositories = [] } = await call("DescribeRepositoryStatistics", { repositoryNames }, signal);
      return new Map(repositories.map((one) => [one.repositoryName ?? "", one]));
    },
  });
  return found.data ?? NO_STATISTICS;
}

/** How often images were pulled, by digest, of those that are shown. */
export function useImagePulls(name: string, digests: readonly string[]): ReadonlyMap<string, number> {
  const call = useEntrepot();
  const found = useQuery<ReadonlyMap<string, number>>({
    queryKey: ["image-pulls", name, digests],
    enabled: digests.length > 0,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const imageIds = digests.slice(0, MOST_IMAGES).map((imageDigest) => ({ imageDigest }));
      const { images = [] } = await call(
        "DescribeImageStatistics",
        { repositoryName: name, imageIds },
        signal,
      );
      return new Map(images.map((one) => [one.imageId?.imageDigest ?? "", one.pullCount ?? 0]));
    },
  });
  return found.data ?? NO_COUNTS;
}

/** What deleting images would free; null of more than can be asked about. */
export function useEstimate(name: string, digests: readonly string[]): EstimateDeletionResponse | null {
  const call = useEntrepot();
  const found = useQuery({
    queryKey: ["estimate", name, digests],
    enabled: digests.length > 0 && digests.length <= MOST_IMAGES,
    queryFn: ({ signal }) => {
      const imageIds = digests.map((imageDigest) => ({ imageDigest }));
      return call("EstimateDeletion", { repositoryName: name, imageIds }, signal);
    },
  });
  return found.data ?? null;
}

/** The same every time, so that nothing is drawn again. */
const NO_STATISTICS: ReadonlyMap<string, RepositoryStatistics> = new Map();
const NO_COUNTS: ReadonlyMap<string, number> = new Map();
