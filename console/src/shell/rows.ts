/** Which rows of a long table are shown: in order, then those that match, then those of a page. */

import { useDeferredValue, useMemo, useState } from "react";

export interface Order<T> {
  compare: (one: T, other: T) => number;
  isDescending: boolean;
}

export interface Rows<T> {
  items: readonly T[];
  matches: number;
  pages: number;
  page: number;
  setPage: (page: number) => void;
  wanted: string;
  setWanted: (wanted: string) => void;
}

/**
 * Each step is done again only where what it depends on has changed: a key only looks, a page only cuts.
 * `haystackOf` must be the same function every time.
 */
export function useRows<T>(
  entries: readonly T[],
  order: Order<T> | null,
  haystackOf: (entry: T) => string,
  pageSize: number,
): Rows<T> {
  const [wanted, setWanted] = useState("");
  const [page, setPage] = useState(1);
  // The field shows a letter at once, the table follows.
  const looked = useDeferredValue(wanted);
  const compare = order?.compare;
  const isDescending = order?.isDescending ?? false;
  const sorted = useMemo(() => sort(entries, compare, isDescending), [entries, compare, isDescending]);
  // Not of the sorted ones: another order looks in the same.
  const haystacks = useMemo(
    () => new Map(entries.map((entry) => [entry, haystackOf(entry)])),
    [entries, haystackOf],
  );
  const matching = useMemo(() => filter(sorted, haystacks, looked), [sorted, haystacks, looked]);
  const pages = Math.max(1, Math.ceil(matching.length / pageSize));
  const shown = Math.min(page, pages);
  const items = useMemo(
    () => matching.slice((shown - 1) * pageSize, shown * pageSize),
    [matching, shown, pageSize],
  );
  return {
    items,
    matches: matching.length,
    pages,
    page: shown,
    setPage,
    wanted,
    setWanted: (next) => {
      setWanted(next);
      setPage(1);
    },
  };
}

export function sort<T>(
  entries: readonly T[],
  compare: ((one: T, other: T) => number) | undefined,
  isDescending: boolean,
): readonly T[] {
  if (compare === undefined) {
    return entries;
  }
  return entries.toSorted(isDescending ? (one, other) => compare(other, one) : compare);
}

/** Entries whose haystack, in lower case, has what is wanted. */
export function filter<T>(
  entries: readonly T[],
  haystacks: ReadonlyMap<T, string>,
  wanted: string,
): readonly T[] {
  const needle = wanted.trim().toLowerCase();
  return needle === "" ? entries : entries.filter((entry) => haystacks.get(entry)?.includes(needle));
}
