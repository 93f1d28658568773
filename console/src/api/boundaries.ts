/** The managed policy that a user or a role cannot go beyond; IAM has operations of their own for the two. */

import {
  DeleteRolePermissionsBoundaryCommand,
  DeleteUserPermissionsBoundaryCommand,
  type IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutUserPermissionsBoundaryCommand,
} from "@aws-sdk/client-iam";

/** Groups have none. */
export interface Bounded {
  kind: "user" | "role";
  name: string;
}

/** In place of the one that there is. */
export function putBoundary(iam: IAMClient, { kind, name }: Bounded, arn: string): Promise<unknown> {
  return kind === "user"
    ? iam.send(new PutUserPermissionsBoundaryCommand({ UserName: name, PermissionsBoundary: arn }))
    : iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: arn }));
}

export function deleteBoundary(iam: IAMClient, { kind, name }: Bounded): Promise<unknown> {
  return kind === "user"
    ? iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: name }))
    : iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: name }));
}
