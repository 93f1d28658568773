/** What pages ask about users, groups, roles and policies. */

import {
  type AccessKeyMetadata,
  type AttachedPolicy,
  GetGroupCommand,
  GetOpenIDConnectProviderCommand,
  type GetOpenIDConnectProviderResponse,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  type Group,
  type IAMClient,
  ListAccessKeysCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  ListOpenIDConnectProvidersCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListUsersCommand,
  type Policy,
  type PolicyVersion,
  type Role,
  type User,
} from "@aws-sdk/client-iam";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type Identity, policiesOf, readDocument } from "../../api/identities";
import { all, type Listing, type Page, useListing } from "../../api/listing";
import { useClients, useSession } from "../../session/context";

const PAGE = 1000; // the most that IAM gives at once

export function useUsers(): Listing<User> {
  return useIamListing("users", async (iam, part, options) => {
    const page = await iam.send(new ListUsersCommand(part), options);
    return { entries: page.Users ?? [], next: page.Marker };
  });
}

export function useGroups(): Listing<Group> {
  return useIamListing("groups", async (iam, part, options) => {
    const page = await iam.send(new ListGroupsCommand(part), options);
    return { entries: page.Groups ?? [], next: page.Marker };
  });
}

export function useRoles(): Listing<Role> {
  return useIamListing("roles", async (iam, part, options) => {
    const page = await iam.send(new ListRolesCommand(part), options);
    return { entries: page.Roles ?? [], next: page.Marker };
  });
}

/** AWS's own and the account's. */
export function usePolicies(): Listing<Policy> {
  return useIamListing("policies", async (iam, part, options) => {
    const page = await iam.send(new ListPoliciesCommand(part), options);
    return { entries: page.Policies ?? [], next: page.Marker };
  });
}

/** ARNs of the issuers whose tokens the account's roles may trust; IAM gives all at once. */
export function useProviders(): Listing<string> {
  return useIamListing("providers", async (iam, _, options) => {
    const found = await iam.send(new ListOpenIDConnectProvidersCommand({}), options);
    return { entries: (found.OpenIDConnectProviderList ?? []).map((one) => one.Arn ?? ""), next: undefined };
  });
}

/** A listing of the account, page by page. */
function useIamListing<T>(
  name: string,
  fetchPage: (
    iam: IAMClient,
    part: { MaxItems: number; Marker: string | undefined },
    options: { abortSignal: AbortSignal },
  ) => Promise<Page<T>>,
): Listing<T> {
  const { iam } = useClients();
  const { account } = useSession();
  return useListing(`${name}/${account}`, (Marker, abortSignal) =>
    fetchPage(iam, { MaxItems: PAGE, Marker }, { abortSignal }),
  );
}

export function useProvider(arn: string): UseQueryResult<GetOpenIDConnectProviderResponse> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["provider", arn],
    queryFn: () => iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
  });
}

export function useUser(name: string): UseQueryResult<User | null> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["user", name],
    queryFn: async () => (await iam.send(new GetUserCommand({ UserName: name }))).User ?? null,
  });
}

export interface GroupWithMembers {
  group: Group;
  members: User[];
}

export function useGroup(name: string): UseQueryResult<GroupWithMembers> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["group", name],
    queryFn: async () => {
      let group: Group | undefined;
      const members = await all(async (Marker) => {
        const page = await iam.send(new GetGroupCommand({ GroupName: name, Marker }));
        group = page.Group;
        return { entries: page.Users ?? [], next: page.Marker };
      });
      return { group: group ?? ({ GroupName: name } as Group), members };
    },
  });
}

export function useRole(name: string): UseQueryResult<Role | null> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["role", name],
    queryFn: async () => {
      const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: name }));
      return role === undefined
        ? null
        : { ...role, AssumeRolePolicyDocument: readDocument(role.AssumeRolePolicyDocument) };
    },
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

export const attachedKey = ({ kind, name }: Identity) => [kind, name, "attached"];
export const inlineKey = ({ kind, name }: Identity) => [kind, name, "inline"];

export function useAttachedPolicies(identity: Identity): UseQueryResult<AttachedPolicy[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: attachedKey(identity),
    queryFn: () => policiesOf(iam, identity.kind).listAttached(identity.name),
  });
}

export function useInlinePolicies(identity: Identity): UseQueryResult<string[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: inlineKey(identity),
    queryFn: () => policiesOf(iam, identity.kind).list(identity.name),
  });
}

export function useInlinePolicy(identity: Identity, policy: string): UseQueryResult<string> {
  const { iam } = useClients();
  return useQuery({
    queryKey: [...inlineKey(identity), policy],
    queryFn: () => policiesOf(iam, identity.kind).get(identity.name, policy),
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

export interface PolicyWithDocument {
  policy: Policy;
  /** Of the version that counts. */
  document: string;
}

export function usePolicy(arn: string): UseQueryResult<PolicyWithDocument> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["policy", arn],
    queryFn: async () => {
      const { Policy: policy = {} } = await iam.send(new GetPolicyCommand({ PolicyArn: arn }));
      const { PolicyVersion: version } = await iam.send(
        new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: policy.DefaultVersionId }),
      );
      return { policy, document: readDocument(version?.Document) };
    },
  });
}

export function usePolicyVersions(arn: string): UseQueryResult<PolicyVersion[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["policy", arn, "versions"],
    queryFn: () =>
      all(async (Marker) => {
        const page = await iam.send(new ListPolicyVersionsCommand({ PolicyArn: arn, Marker }));
        return { entries: page.Versions ?? [], next: page.Marker };
      }),
  });
}

export function usePolicyVersion(arn: string, version: string | null): UseQueryResult<string> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["policy", arn, "versions", version],
    enabled: version !== null,
    queryFn: async () => {
      const found = await iam.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: version ?? "" }));
      return readDocument(found.PolicyVersion?.Document);
    },
  });
}

export interface Holder extends Identity {
  usage: "PermissionsPolicy" | "PermissionsBoundary";
}

/** Who has a managed policy, and whose boundary it is. */
export function useHolders(arn: string): UseQueryResult<Holder[]> {
  const { iam } = useClients();
  return useQuery({
    queryKey: ["policy", arn, "holders"],
    queryFn: async () => [
      ...(await listHolders(iam, arn, "PermissionsPolicy")),
      ...(await listHolders(iam, arn, "PermissionsBoundary")),
    ],
  });
}

function listHolders(iam: IAMClient, arn: string, usage: Holder["usage"]): Promise<Holder[]> {
  return all(async (Marker) => {
    const page = await iam.send(
      new ListEntitiesForPolicyCommand({ PolicyArn: arn, PolicyUsageFilter: usage, Marker }),
    );
    const holders: Holder[] = [
      ...(page.PolicyUsers ?? []).map((one) => ({ kind: "user" as const, name: one.UserName ?? "", usage })),
      ...(page.PolicyGroups ?? []).map((one) => ({
        kind: "group" as const,
        name: one.GroupName ?? "",
        usage,
      })),
      ...(page.PolicyRoles ?? []).map((one) => ({ kind: "role" as const, name: one.RoleName ?? "", usage })),
    ];
    return { entries: holders, next: page.Marker };
  });
}
