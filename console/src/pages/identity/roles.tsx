/** The account's roles. */

import type { Role } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../paths";
import { textColumn, timeColumn } from "../../shell/columns";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { arnColumn, nameColumn } from "./columns";
import { ListingPage } from "./listing_page";
import { useRoles } from "./queries";

const words = text.roles;

const COLUMNS: Column<Role>[] = [
  nameColumn(words.name, nameOf, (role) => paths.role(nameOf(role))),
  textColumn("purpose", words.purpose, (role) => role.Description || "–"),
  timeColumn("created", words.created, (role) => role.CreateDate),
  arnColumn((role) => role.Arn),
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
