import { expect, test } from "vitest";
import { formatBytes, formatForeign, formatTime, formatWritten, shortDigest } from "./format";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [999_499, "999 kB"],
  [999_500, "1.00 MB"],
  [12_345_678, "12.3 MB"],
  [undefined, "–"],
])("%s bytes are %s", (bytes, told) => {
  expect(formatBytes(bytes)).toBe(told);
});

test("a digest is shortened, anything else is left", () => {
  expect(shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("sha256:abababababab");
  expect(shortDigest("nothing")).toBe("nothing");
});

test("a time names its zone", () => {
  expect(formatTime(new Date("2026-11-26T02:41:00Z"))).toMatch(/^2[567] Nov 2026, \d\d:\d\d [A-Z]{3,4}/);
  expect(formatTime(undefined)).toBe("–");
});

test("a time that another program wrote is read where it is one", () => {
  expect(formatWritten("2026-11-01T12:00:00Z")).toBe(formatTime(new Date("2026-11-01T12:00:00Z")));
  expect(formatWritten("0001-01-01T00:00:00Z")).toBe("–");
  expect(formatWritten("last week")).toBe("last week");
  expect(formatWritten(null)).toBe("–");
});

test("attack 46: what is not seen, or turns what is around it, is written out", () => {
  expect(formatForeign("photo\u202egnp.exe\u0000")).toBe("photo\\u202egnp.exe\\u0000");
  expect(formatForeign("two\nlines, عربي, 👩\u200d💻")).toBe("two\nlines, عربي, 👩\u200d💻");
});
