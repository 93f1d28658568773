/** The policy that nothing another policy allows can go beyond, where an identity has one. */

import type { AttachedPermissionsBoundary } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { paths } from "../../paths";
import { PageLink } from "../../shell/links";

export function Boundary(props: { boundary: AttachedPermissionsBoundary | undefined }): ReactNode {
  const arn = props.boundary?.PermissionsBoundaryArn;
  return arn === undefined ? "–" : <PageLink to={paths.policy(arn)}>{arn}</PageLink>;
}
