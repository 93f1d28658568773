/** Tags of users, roles and managed policies; IAM has operations of its own for each of the three. */

import {
  type IAMClient,
  TagPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UntagUserCommand,
} from "@aws-sdk/client-iam";
import type { ResourceTag, TagChange } from "../domain/resource_tags";

export interface Tagged {
  kind: "user" | "role" | "policy";
  /** A policy's is its ARN. */
  name: string;
}

export async function changeTags(iam: IAMClient, tagged: Tagged, { gone, set }: TagChange): Promise<void> {
  if (gone.length > 0) {
    await untag(iam, tagged, gone);
  }
  if (set.length > 0) {
    await tag(iam, tagged, set);
  }
}

function tag(iam: IAMClient, { kind, name }: Tagged, Tags: ResourceTag[]): Promise<unknown> {
  switch (kind) {
    case "user":
      return iam.send(new TagUserCommand({ UserName: name, Tags }));
    case "role":
      return iam.send(new TagRoleCommand({ RoleName: name, Tags }));
    case "policy":
      return iam.send(new TagPolicyCommand({ PolicyArn: name, Tags }));
  }
}

function untag(iam: IAMClient, { kind, name }: Tagged, TagKeys: string[]): Promise<unknown> {
  switch (kind) {
    case "user":
      return iam.send(new UntagUserCommand({ UserName: name, TagKeys }));
    case "role":
      return iam.send(new UntagRoleCommand({ RoleName: name, TagKeys }));
    case "policy":
      return iam.send(new UntagPolicyCommand({ PolicyArn: name, TagKeys }));
  }
}
