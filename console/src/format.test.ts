import { expect, test } from "vitest";
import { formatBytes, shortDigest } from "./format";

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
