/** Long lists, page after page: what has come is shown while the rest is on its way. */

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { noteFailure } from "./endings";

export interface Page<T> {
  entries: T[];
  next: string | undefined;
}

export type FetchPage<T> = (token: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

export interface Listing<T> {
  entries: readonly T[];
  isComplete: boolean;
  failure: unknown;
  refresh: () => void;
}

interface Kept<T> {
  /** Whose it is. */
  name: string | null;
  entries: T[];
  isComplete: boolean;
  failure: unknown;
}

const NOTHING: Kept<never> = { name: null, entries: [], isComplete: false, failure: null };
/** A table of many rows takes a moment to draw: not after every page. */
const PUBLISH_MS = 700;

/**
 * Everything that `fetchPage` gives, from the first page on. `name` tells lists apart and begins a new
 * one when it changes. A list that was complete is shown again at once when its page is opened again.
 */
export function useListing<T>(name: string, fetchPage: FetchPage<T>): Listing<T> {
  const queries = useQueryClient();
  const [round, setRound] = useState(0);
  const [kept, setKept] = useState<Kept<T>>(NOTHING);
  const fetching = useRef(fetchPage);
  fetching.current = fetchPage;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` is what asks for another look
  useEffect(() => {
    const known = lookUp<T>(queries, name);
    const abort = new AbortController();
    collect(fetching.current, abort.signal, (entries, isComplete) => {
      if (isComplete) {
        queries.setQueryData(keyOf(name), entries);
      }
      if (isComplete || !known.isComplete) {
        setKept({ name, entries, isComplete, failure: null });
      }
    }).catch((failure: unknown) => {
      if (!abort.signal.aborted) {
        noteFailure(failure);
        setKept((before) => {
          const { entries } = before.name === name ? before : known;
          return { name, entries, isComplete: true, failure };
        });
      }
    });
    return () => abort.abort();
  }, [name, round, queries]);

  const refresh = useCallback(() => {
    setKept(NOTHING);
    setRound((before) => before + 1);
  }, []);
  // Not set by the effect: a table would be drawn once more before anything has come.
  const { entries, isComplete, failure } = kept.name === name ? kept : lookUp<T>(queries, name);
  return { entries, isComplete, failure, refresh };
}

function lookUp<T>(queries: QueryClient, name: string): Kept<T> {
  const known = queries.getQueryData<T[]>(keyOf(name));
  return known === undefined ? NOTHING : { name, entries: known, isComplete: true, failure: null };
}

function keyOf(name: string): string[] {
  return ["listing", name];
}

/** Fetch to the end, telling now and then what has come; a told array is never changed afterwards. */
export async function collect<T>(
  fetchPage: FetchPage<T>,
  signal: AbortSignal,
  tell: (entries: T[], isComplete: boolean) => void,
  now: () => number = () => performance.now(),
): Promise<void> {
  let entries: T[] = [];
  let token: string | undefined;
  let told = Number.NEGATIVE_INFINITY;
  do {
    const page = await fetchPage(token, signal);
    if (signal.aborted) {
      return;
    }
    entries.push(...page.entries);
    token = page.next;
    if (token === undefined || now() - told >= PUBLISH_MS) {
      tell(entries, token === undefined);
      entries = entries.slice();
      told = now();
    }
  } while (token !== undefined);
}

/** Everything of a list that is short by its nature. */
export async function all<T>(fetchPage: (token: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const entries: T[] = [];
  let token: string | undefined;
  do {
    const page = await fetchPage(token);
    entries.push(...page.entries);
    token = page.next;
  } while (token !== undefined);
  return entries;
}
