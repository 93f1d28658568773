/** Orders that the server keeps: ids as they stand in them, page after page. */

import { type FetchPage, type Listing, useListing } from "./listing";

/** The first page is short, to be there at once. */
const FIRST = 100;
const PAGE = 1000;

export function pageSize(token: string | undefined): number {
  return token === undefined ? FIRST : PAGE;
}

/** The ids of an order, which `name` tells from others; nothing is asked where that is null. */
export function useRanking(name: string | null, fetchPage: FetchPage<string>): Listing<string> {
  return useListing(`ranking/${name ?? ""}`, name === null ? nothing : fetchPage);
}

async function nothing(): Promise<{ entries: string[]; next: undefined }> {
  return { entries: [], next: undefined };
}
