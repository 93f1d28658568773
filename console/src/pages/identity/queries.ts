/** What pages ask about users, their keys and their policies. */

import {
  type AccessKeyMetadata,
  type AttachedPolicy,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListPoliciesCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  type Policy,
  type User,
} from "@aws-sdk/client-iam";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type Listing, type Page, useListing } from "../../api/listing";
import { useClients, useSession } from "../../session/context";

const PAGE = 1000; // the most that IAM gives at once

export function useUsers(): Listing<User> {
  const { iam } = useClients();
  const { account } = useSession();
  return useListing(`users/${account}`, async (token, signal) => {
    const page = await iam.send(new ListUsersCommand({ MaxItems: PAGE, Marker: token }), {
      abortSignal: signal,
    });
    return { entries: page.Users ?? [], next: page.Marker };
  });
}

export function useUser(name: string): UseQueryResult<User | null> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name],
    queryFn: async () => (await iam.send(new GetUserCommand({ UserName: name }))).User ?? null,
  });
}

export function useAccessKeys(name: string): UseQueryResult<AccessKeyMetadata[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name, "keys"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListAccessKeysCommand({ UserName: name, Marker }));
        return { entries: page.AccessKeyMetadata ?? [], next: page.Marker };
      }),
  });
}

export function useAttachedPolicies(name: string): UseQueryResult<AttachedPolicy[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name, "attached"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListAttachedUserPoliciesCommand({ UserName: name, Marker }));
        return { entries: page.AttachedPolicies ?? [], next: page.Marker };
      }),
  });
}

export function useInlinePolicies(name: string): UseQueryResult<string[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name, "inline"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListUserPoliciesCommand({ UserName: name, Marker }));
        return { entries: page.PolicyNames ?? [], next: page.Marker };
      }),
  });
}

export function useInlinePolicy(user: string, policy: string): UseQueryResult<string> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", user, "inline", policy],
    queryFn: async () => {
      const found = await iam.send(new GetUserPolicyCommand({ UserName: user, PolicyName: policy }));
      // IAM gives documents URL-encoded.
      return decodeURIComponent(found.PolicyDocument ?? "");
    },
  });
}

export function useGroupNames(name: string): UseQueryResult<string[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name, "groups"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListGroupsForUserCommand({ UserName: name, Marker }));
        return { entries: (page.Groups ?? []).map((group) => group.GroupName ?? ""), next: page.Marker };
      }),
  });
}

export function useManagedPolicies(): UseQueryResult<Policy[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["managed-policies"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListPoliciesCommand({ MaxItems: PAGE, Marker }));
        return { entries: page.Policies ?? [], next: page.Marker };
      }),
  });
}

/** Everything of a list that is short by its nature. */
async function all<T>(fetchPage: (token: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const entries: T[] = [];
  let token: string | undefined;
  do {
    const page = await fetchPage(token);
    entries.push(...page.entries);
    token = page.next;
  } while (token !== undefined);
  return entries;
}
