/** What pages ask about what was deleted and can come back. */

import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type {
  DescribeRecycleBinResponse,
  RecycledImage,
  RecycledRepository,
  TagEvent,
} from "../../../generated/entrepot";
import { type Listing, useListing } from "../../api/listing";
import { useEntrepot, useSession } from "../../session/context";

const PAGE = 1000; // the most that each list gives at once

/** The bin of a repository, of the whole registry where none is named. */
export function useRecycleBin(name?: string): UseQueryResult<DescribeRecycleBinResponse> {
  const call = useEntrepot();
  return useQuery({
    queryKey: ["recycle-bin", name ?? ""],
    queryFn: ({ signal }) =>
      call("DescribeRecycleBin", name === undefined ? {} : { repositoryName: name }, signal),
  });
}

export function useDeletedImages(name: string): Listing<RecycledImage> {
  const call = useEntrepot();
  const { account, region } = useSession();
  return useListing(`deleted-images/${account}/${region}/${name}`, async (nextToken, signal) => {
    const page = await call("ListDeletedImages", { repositoryName: name, ...pageOf(nextToken) }, signal);
    return { entries: page.deletedImages ?? [], next: page.nextToken };
  });
}

export function useDeletedRepositories(): Listing<RecycledRepository> {
  const call = useEntrepot();
  const { account, region } = useSession();
  return useListing(`deleted-repositories/${account}/${region}`, async (nextToken, signal) => {
    const page = await call("ListDeletedRepositories", pageOf(nextToken), signal);
    return { entries: page.deletedRepositories ?? [], next: page.nextToken };
  });
}

export function useTagHistory(name: string): Listing<TagEvent> {
  const call = useEntrepot();
  const { account, region } = useSession();
  return useListing(`tag-history/${account}/${region}/${name}`, async (nextToken, signal) => {
    const page = await call("ListTagHistory", { repositoryName: name, ...pageOf(nextToken) }, signal);
    return { entries: page.events ?? [], next: page.nextToken };
  });
}

/** Forgets what pages know of lists and counts, after something came back or was erased. */
export function useForgetting(): () => void {
  const queries = useQueryClient();
  return useCallback(() => {
    for (const key of ["listing", "recycle-bin", "repository-statistics", "registry-statistics", "image"]) {
      queries.removeQueries({ queryKey: [key], type: "inactive" });
      void queries.invalidateQueries({ queryKey: [key] });
    }
  }, [queries]);
}

function pageOf(nextToken: string | undefined): { maxResults: number; nextToken?: string } {
  return { maxResults: PAGE, ...(nextToken === undefined ? {} : { nextToken }) };
}
