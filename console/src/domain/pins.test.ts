import { expect, test } from "vitest";
import { arePatterns, patternsIn, pinnedTag } from "./pins";

test.each([
  ["v*", "v1", true],
  ["v*", "w1", false],
  ["*", "", true],
  ["stable", "stable", true],
  ["stable", "stable-1", false],
  ["a*b", "ab", true],
  ["ab*b", "ab", false],
  ["*-rc*-x", "v1-rc2-y-x", true],
  ["*a*a*", "a", false],
  [".", "x", false],
])("%s covers %s: %s", (pattern, tag, does) => {
  expect(pinnedTag([pattern], [tag]) !== undefined).toBe(does);
});

test("attack 41: a pattern of wildcards is no slower than another", () => {
  expect(pinnedTag(["*a*a*a*b"], ["a".repeat(100_000)])).toBeUndefined();
});

test("a resource tag has patterns with spaces between them", () => {
  expect(patternsIn(" v*  prod-* ")).toEqual(["v*", "prod-*"]);
  expect(arePatterns("v* prod-*")).toBe(true);
  expect(arePatterns("")).toBe(true);
  expect(arePatterns("v?")).toBe(false);
  expect(arePatterns("*a*b*c*d*")).toBe(false);
});
