import { expect, test } from "vitest";
import { collect, type Page } from "./listing";

function pagesOf(total: number, size: number) {
  return async (token: string | undefined): Promise<Page<number>> => {
    const start = Number(token ?? 0);
    const entries = Array.from({ length: Math.min(size, total - start) }, (_, place) => start + place);
    const next = start + size < total ? String(start + size) : undefined;
    return { entries, next };
  };
}

test("the first page is told at once, the rest when it is worth it, and the end", async () => {
  const told: [number, boolean][] = [];
  let time = 0;
  await collect(
    pagesOf(10, 1),
    new AbortController().signal,
    (entries, isComplete) => told.push([entries.length, isComplete]),
    () => {
      time += 300;
      return time;
    },
  );
  expect(told[0]).toEqual([1, false]);
  expect(told.at(-1)).toEqual([10, true]);
  expect(told.length).toBeLessThan(10);
});

test("what was told is not changed afterwards", async () => {
  const told: number[][] = [];
  await collect(
    pagesOf(4, 1),
    new AbortController().signal,
    (entries) => told.push(entries),
    () => Infinity,
  );
  expect(told[0]).toEqual([0]);
});

test("who has left is told nothing more", async () => {
  const abort = new AbortController();
  const told: number[] = [];
  await collect(pagesOf(10, 1), abort.signal, (entries) => {
    told.push(entries.length);
    abort.abort();
  });
  expect(told).toEqual([1]);
});
