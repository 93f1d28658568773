/** Users, groups and roles have policies in the same way; IAM has an operation of its own for each of the three. */

import {
  type AttachedPolicy,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  DeleteGroupPolicyCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetGroupPolicyCommand,
  GetRolePolicyCommand,
  GetUserPolicyCommand,
  type IAMClient,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { all } from "./listing";

export type IdentityKind = "user" | "group" | "role";

export interface Identity {
  kind: IdentityKind;
  name: string;
}

export interface IdentityPolicies {
  attach(name: string, arn: string): Promise<unknown>;
  detach(name: string, arn: string): Promise<unknown>;
  listAttached(name: string): Promise<AttachedPolicy[]>;
  put(name: string, policy: string, document: string): Promise<unknown>;
  remove(name: string, policy: string): Promise<unknown>;
  list(name: string): Promise<string[]>;
  /** The document of an inline policy. */
  get(name: string, policy: string): Promise<string>;
}

export function policiesOf(iam: IAMClient, kind: IdentityKind): IdentityPolicies {
  return { user: ofUsers, group: ofGroups, role: ofRoles }[kind](iam);
}

/** Takes from an identity all policies that it has; IAM deletes only one that has none. */
export async function stripPolicies(iam: IAMClient, { kind, name }: Identity): Promise<void> {
  const policies = policiesOf(iam, kind);
  for (const policy of await policies.listAttached(name)) {
    await policies.detach(name, policy.PolicyArn ?? "");
  }
  for (const policy of await policies.list(name)) {
    await policies.remove(name, policy);
  }
}

/** IAM gives documents URL-encoded. */
export function readDocument(document: string | undefined): string {
  return decodeURIComponent(document ?? "");
}

function ofUsers(iam: IAMClient): IdentityPolicies {
  return {
    attach: (UserName, PolicyArn) => iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn })),
    detach: (UserName, PolicyArn) => iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn })),
    listAttached: (UserName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListAttachedUserPoliciesCommand({ UserName, Marker }));
        return { entries: page.AttachedPolicies ?? [], next: page.Marker };
      }),
    put: (UserName, PolicyName, PolicyDocument) =>
      iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument })),
    remove: (UserName, PolicyName) => iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName })),
    list: (UserName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListUserPoliciesCommand({ UserName, Marker }));
        return { entries: page.PolicyNames ?? [], next: page.Marker };
      }),
    get: async (UserName, PolicyName) =>
      readDocument((await iam.send(new GetUserPolicyCommand({ UserName, PolicyName }))).PolicyDocument),
  };
}

function ofGroups(iam: IAMClient): IdentityPolicies {
  return {
    attach: (GroupName, PolicyArn) => iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn })),
    detach: (GroupName, PolicyArn) => iam.send(new DetachGroupPolicyCommand({ GroupName, PolicyArn })),
    listAttached: (GroupName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName, Marker }));
        return { entries: page.AttachedPolicies ?? [], next: page.Marker };
      }),
    put: (GroupName, PolicyName, PolicyDocument) =>
      iam.send(new PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument })),
    remove: (GroupName, PolicyName) => iam.send(new DeleteGroupPolicyCommand({ GroupName, PolicyName })),
    list: (GroupName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListGroupPoliciesCommand({ GroupName, Marker }));
        return { entries: page.PolicyNames ?? [], next: page.Marker };
      }),
    get: async (GroupName, PolicyName) =>
      readDocument((await iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName }))).PolicyDocument),
  };
}

function ofRoles(iam: IAMClient): IdentityPolicies {
  return {
    attach: (RoleName, PolicyArn) => iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn })),
    detach: (RoleName, PolicyArn) => iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn })),
    listAttached: (RoleName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName, Marker }));
        return { entries: page.AttachedPolicies ?? [], next: page.Marker };
      }),
    put: (RoleName, PolicyName, PolicyDocument) =>
      iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument })),
    remove: (RoleName, PolicyName) => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })),
    list: (RoleName) =>
      all(async (Marker) => {
        const page = await iam.send(new ListRolePoliciesCommand({ RoleName, Marker }));
        return { entries: page.PolicyNames ?? [], next: page.Marker };
      }),
    get: async (RoleName, PolicyName) =>
      readDocument((await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument),
  };
}
