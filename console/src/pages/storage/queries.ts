/** What pages ask about how much there is, and how it is used. */

import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type {
  DescribeRegistryStatisticsResponse,
  EstimateDeletionResponse,
  RepositoryStatistics,
  StatisticsPoint,
} from "../../../generated/entrepot";
import { useEntrepot } from "../../session/context";

const MOST_REPOSITORIES = 100; // the most that each of the operations takes or names
const MOST_IMAGES = 100;
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
