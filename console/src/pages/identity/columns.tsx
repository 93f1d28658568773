/** Columns that tables of users, groups, roles and policies have in common. */

import type { ReactNode } from "react";
import { formatTime } from "../../format";
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

export function textColumn<T>(id: string, name: string, textOf: (entry: T) => string): Column<T> {
  return {
    ...column(id, name, textOf),
    sortingComparator: (one, other) => (textOf(one) < textOf(other) ? -1 : 1),
  };
}

export function timeColumn<T>(id: string, name: string, timeOf: (entry: T) => Date | undefined): Column<T> {
  return {
    ...column(id, name, (entry: T) => formatTime(timeOf(entry))),
    sortingComparator: (one, other) => (timeOf(one)?.getTime() ?? 0) - (timeOf(other)?.getTime() ?? 0),
  };
}

export function arnColumn<T>(arnOf: (entry: T) => string | undefined): Column<T> {
  return column("arn", text.users.arn, (entry: T) => <Copyable value={arnOf(entry) ?? ""} />);
}

function column<T>(id: string, name: string, cell: (entry: T) => ReactNode): Column<T> {
  return { id, name, header: name, cell };
}
