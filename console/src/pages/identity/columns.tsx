/** Columns that tables of users, groups, roles, policies and providers have in common. */

import { column, textColumn } from "../../shell/columns";
import { Copyable } from "../../shell/copyable";
import { PageLink } from "../../shell/links";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";

/** By which such a table is sorted at first. */
export function nameColumn<T>(
  name: string,
  nameOf: (entry: T) => string,
  pathOf: (entry: T) => string,
): Column<T> {
  return {
    ...textColumn("name", name, nameOf),
    cell: (entry) => <PageLink to={pathOf(entry)}>{nameOf(entry)}</PageLink>,
    isRowHeader: true,
    minWidth: 260,
  };
}

export function arnColumn<T>(arnOf: (entry: T) => string | undefined): Column<T> {
  return column("arn", text.users.arn, (entry: T) => <Copyable value={arnOf(entry) ?? ""} />);
}
