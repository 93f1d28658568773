/** The account's roles. */

import type { Role } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { Copyable } from "../../shell/copyable";
import { PageLink } from "../../shell/links";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { ListingPage } from "./listing_page";
import { useRoles } from "./queries";

const words = text.roles;

const COLUMNS: Column<Role>[] = [
  {
    id: "name",
    name: words.name,
    header: words.name,
    cell: (role) => <PageLink to={paths.role(nameOf(role))}>{nameOf(role)}</PageLink>,
    sortingComparator: (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
    isRowHeader: true,
  },
  { id: "purpose", name: words.purpose, header: words.purpose, cell: (role) => role.Description || "–" },
  {
    id: "created",
    name: words.created,
    header: words.created,
    cell: (role) => formatTime(role.CreateDate),
    sortingComparator: (one, other) => (one.CreateDate?.getTime() ?? 0) - (other.CreateDate?.getTime() ?? 0),
  },
  { id: "arn", name: words.arn, header: words.arn, cell: (role) => <Copyable value={role.Arn ?? ""} /> },
];

export function RolesPage(): ReactNode {
  const listing = useRoles();
  const navigate = useNavigate();
  return (
    <ListingPage
      id="roles"
      words={words}
      columns={COLUMNS}
      listing={listing}
      nameOf={nameOf}
      onCreate={() => navigate(paths.createRole)}
    />
  );
}

function nameOf(role: Role): string {
  return role.RoleName ?? "";
}
