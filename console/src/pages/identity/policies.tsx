/** Managed policies: the account's own and those of AWS. */

import type { Policy } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { formatCount, formatTime } from "../../format";
import { paths } from "../../paths";
import { PageLink } from "../../shell/links";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { ListingPage } from "./listing_page";
import { usePolicies } from "./queries";

const words = text.managedPolicies;

const COLUMNS: Column<Policy>[] = [
  {
    id: "name",
    name: words.name,
    header: words.name,
    cell: (policy) => <PageLink to={paths.policy(arnOf(policy))}>{nameOf(policy)}</PageLink>,
    sortingComparator: (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
    isRowHeader: true,
    minWidth: 260,
  },
  {
    id: "owner",
    name: words.owner,
    header: words.owner,
    cell: tellOwner,
    sortingComparator: (one, other) => (tellOwner(one) < tellOwner(other) ? -1 : 1),
  },
  {
    id: "attached",
    name: words.attached,
    header: words.attached,
    cell: (policy) => formatCount(policy.AttachmentCount ?? 0),
    sortingComparator: (one, other) => (one.AttachmentCount ?? 0) - (other.AttachmentCount ?? 0),
  },
  {
    id: "changed",
    name: words.changed,
    header: words.changed,
    cell: (policy) => formatTime(policy.UpdateDate),
    sortingComparator: (one, other) => (one.UpdateDate?.getTime() ?? 0) - (other.UpdateDate?.getTime() ?? 0),
  },
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
