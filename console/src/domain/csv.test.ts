import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Cell, csvCell, csvFileName, csvLine } from "./csv";

const CELLS = new URL("../../../tests/unit/administration/csv_cells.json", import.meta.url);

test("attack_48: a cell is written by the rule", () => {
  for (const [cell, written] of JSON.parse(readFileSync(CELLS, "utf8")) as [Cell, string][]) {
    expect(csvCell(cell)).toBe(written);
  }
});

test("a line has a cell for each value, and times in UTC", () => {
  const moment = new Date("2026-11-26T02:30:00.123Z");
  expect(csvLine(["a", 1, undefined, moment])).toBe("a,1,,2026-11-26T02:30:00Z\r\n");
});

test("a file is named for what is in it", () => {
  const day = new Date("2026-11-26T02:30:00Z");
  expect(csvFileName(["images", "team/app"], day)).toBe("images-team-app-2026-11-26.csv");
  expect(csvFileName(["images", "..\\x\r\n"], day)).toBe("images-x-2026-11-26.csv");
});
