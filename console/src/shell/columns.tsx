/** Columns of long tables by what their cells tell: each is sorted by it. */

import type { ReactNode } from "react";
import { formatBytes, formatCount, formatTime } from "../format";
import type { Column } from "./long_table";

/** Any cells; not sorted by them. */
export function column<T>(id: string, name: string, cell: (entry: T) => ReactNode): Column<T> {
  return { id, name, header: name, cell };
}

export function textColumn<T>(id: string, name: string, textOf: (entry: T) => string): Column<T> {
  return {
    ...column(id, name, textOf),
    sortingComparator: (one, other) => compareTexts(textOf(one), textOf(other)),
  };
}

/** The unknown ones come before all others. */
export function timeColumn<T>(id: string, name: string, timeOf: (entry: T) => Date | undefined): Column<T> {
  return {
    ...column(id, name, (entry: T) => formatTime(timeOf(entry))),
    sortingComparator: (one, other) => (timeOf(one)?.getTime() ?? 0) - (timeOf(other)?.getTime() ?? 0),
    minWidth: 210,
  };
}

/** In bytes. */
export function sizeColumn<T>(
  id: string,
  name: string,
  bytesOf: (entry: T) => number | undefined,
): Column<T> {
  return numberColumn(id, name, bytesOf, formatBytes);
}

export function countColumn<T>(
  id: string,
  name: string,
  countOf: (entry: T) => number | undefined,
): Column<T> {
  return numberColumn(id, name, countOf, (count) => (count === undefined ? "–" : formatCount(count)));
}

function numberColumn<T>(
  id: string,
  name: string,
  numberOf: (entry: T) => number | undefined,
  tell: (number: number | undefined) => string,
): Column<T> {
  return {
    ...column(id, name, (entry: T) => tell(numberOf(entry))),
    sortingComparator: (one, other) => (numberOf(one) ?? -1) - (numberOf(other) ?? -1),
    minWidth: 120,
  };
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
