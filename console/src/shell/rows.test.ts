import { expect, test } from "vitest";
import { arrange, filter, sort } from "./rows";

test("rows are put in order without changing what came", () => {
  const came = [2, 3, 1];
  expect(sort(came, (one, other) => one - other, false)).toEqual([1, 2, 3]);
  expect(sort(came, (one, other) => one - other, true)).toEqual([3, 2, 1]);
  expect(came).toEqual([2, 3, 1]);
});

test("what is wanted is looked for as it was typed, in either case", () => {
  const rows = ["Alpha", "beta"];
  const haystacks = new Map(rows.map((row) => [row, row.toLowerCase()]));
  expect(filter(rows, haystacks, " ALP")).toEqual(["Alpha"]);
  expect(filter(rows, haystacks, ".*")).toEqual([]);
  expect(filter(rows, haystacks, "  ")).toBe(rows);
});

test("rows stand as their ids came, each once, and the others behind them", () => {
  const rows = ["a", "b", "c", "d"].map((id) => ({ id }));
  const arranged = arrange(rows, ["c", "unknown", "a", "c"], (row) => row.id);
  expect(arranged.map((row) => row.id)).toEqual(["c", "a", "b", "d"]);
  expect(arrange(rows, [], (row) => row.id)).toEqual(rows);
});
