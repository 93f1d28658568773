/** What pages ask about repositories. */

import {
  DescribeRepositoriesCommand,
  type ECRClient,
  GetAuthorizationTokenCommand,
  type Repository,
} from "@aws-sdk/client-ecr";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { GetDeletionProtectionResponse } from "../../../generated/entrepot";
import { type Listing, useListing } from "../../api/listing";
import { useClients, useEntrepot, useSession } from "../../session/context";

const PAGE = 1000; // the most that DescribeRepositories gives at once

export function useRepositories(): Listing<Repository> {
  const { ecr } = useClients();
  const { account, region } = useSession();
  return useListing(`repositories/${account}/${region}`, async (token, signal) => {
    const page = await ecr.send(new DescribeRepositoriesCommand({ maxResults: PAGE, nextToken: token }), {
      abortSignal: signal,
    });
    return { entries: page.repositories ?? [], next: page.nextToken };
  });
}

export function useRepository(name: string): UseQueryResult<Repository> {
  const { ecr } = useClients();
  return useQuery({ queryKey: ["repository", name], queryFn: () => describeRepository(ecr, name) });
}

/** Whether a repository is protected from being deleted. */
export function useProtection(name: string): UseQueryResult<GetDeletionProtectionResponse> {
  const call = useEntrepot();
  return useQuery({
    queryKey: ["deletion-protection", name],
    queryFn: ({ signal }) => call("GetDeletionProtection", { repositoryName: name }, signal),
  });
}

async function describeRepository(ecr: ECRClient, name: string): Promise<Repository> {
  const found = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
  const repository = found.repositories?.[0];
  if (repository === undefined) {
    throw new Error(name);
  }
  return repository;
}

/** The host that a registry client logs in to; null until it is known, or where the caller may not ask. */
export function useRegistryHost(): string | null {
  const { ecr } = useClients();
  const host = useQuery({
    queryKey: ["registry-host"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const granted = await ecr.send(new GetAuthorizationTokenCommand({}));
      return granted.authorizationData?.[0]?.proxyEndpoint?.replace(/^https?:\/\//, "") ?? null;
    },
  });
  return host.data ?? null;
}
