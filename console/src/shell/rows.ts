/** Which rows of a long table are shown: in order, then those that match, then those of a page. */

import { useDeferredValue, useMemo, useState } from "react";

/** By comparing, or as the server has put the ids. */
export type Order<T> =
  | { compare: (one: T, other: T) => number; isDescending: boolean }
  | { ids: readonly string[]; idOf: (entry: T) => string };

export interface Rows<T> {
  items: readonly T[];
  /** All that match, not only those of the page. */
  matching: readonly T[];
  pages: number;
  page: number;
  setPage: (page: number) => void;
  wanted: string;
  setWanted: (wanted: string) => void;
}

/**
 * An order must be the same object until it is another one. Each step is done again only where what it depends on
 * has changed: a key only looks, a page only cuts.
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
  const sorted = useMemo(() => put(entries, order), [entries, order]);
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
    matching,
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

function put<T>(entries: readonly T[], order: Order<T> | null): readonly T[] {
  if (order === null) {
    return entries;
  }
  return "ids" in order
    ? arrange(entries, order.ids, order.idOf)
    : sort(entries, order.compare, order.isDescending);
}

export function sort<T>(
  entries: readonly T[],
  compare: (one: T, other: T) => number,
  isDescending: boolean,
): readonly T[] {
  return entries.toSorted(isDescending ? (one, other) => compare(other, one) : compare);
}

/** Entries as their ids come, each once, then those whose ids did not come (yet), as they were. */
export function arrange<T>(
  entries: readonly T[],
  ids: readonly string[],
  idOf: (entry: T) => string,
): readonly T[] {
  const places = new Map<string, number>();
  for (const id of ids) {
    if (!places.has(id)) {
      places.set(id, places.size);
    }
  }
  const arranged: T[] = new Array(places.size);
  const others: T[] = [];
  for (const entry of entries) {
    const place = places.get(idOf(entry));
    if (place === undefined) {
      others.push(entry);
    } else {
      arranged[place] = entry;
    }
  }
  // Of ids that nobody has there is a hole.
  return [...arranged.filter(() => true), ...others];
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
