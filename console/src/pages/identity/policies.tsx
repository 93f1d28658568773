/** Managed policies: the account's own and those of AWS. */

import type { Policy } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../paths";
import { countColumn, textColumn, timeColumn } from "../../shell/columns";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { nameColumn } from "./columns";
import { ListingPage } from "./listing_page";
import { usePolicies } from "./queries";

const words = text.managedPolicies;

const COLUMNS: Column<Policy>[] = [
  nameColumn(words.name, nameOf, (policy) => paths.policy(arnOf(policy))),
  textColumn("owner", words.owner, tellOwner),
  countColumn("attached", words.attached, (policy) => policy.AttachmentCount ?? 0),
  timeColumn("changed", words.changed, (policy) => policy.UpdateDate),
];

export function PoliciesPage(): ReactNode {
  const listing = usePolicies();
  const navigate = useNavigate();
  return (
    <ListingPage
      id="policies"
      words={words}
      columns={COLUMNS}
      listing={listing}
      nameOf={nameOf}
      idOf={arnOf}
      onCreate={() => navigate(paths.createPolicy)}
    />
  );
}

/** Whether the account may change and delete it. */
export function isOwn(arn: string): boolean {
  return !arn.startsWith("arn:aws:iam::aws:");
}

function tellOwner(policy: Policy): string {
  return isOwn(arnOf(policy)) ? words.own : words.aws;
}

function nameOf(policy: Policy): string {
  return policy.PolicyName ?? "";
}

function arnOf(policy: Policy): string {
  return policy.Arn ?? "";
}
