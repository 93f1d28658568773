import { describe, expect, test } from "vitest";
import { complaintAboutName } from "./repository_name";

describe("names of repositories", () => {
  test.each(["ab", "team/app", "a.b/c_d/e--f", "a__b", "0/1", "a".repeat(256)])("%s may be one", (name) => {
    expect(complaintAboutName(name)).toBeNull();
  });

  test.each([
    "a",
    "a".repeat(257),
    "A/b",
    "a//b",
    "/a",
    "a/",
    "a___b",
    "a..b",
    "-ab",
    "ab-",
    "a b",
    "ä/ö",
    "../a",
    "a/../b",
  ])("%s is none", (name) => {
    expect(complaintAboutName(name)).not.toBeNull();
  });

  test("attack 41: a long name that almost fits is looked through at once", () => {
    expect(complaintAboutName(`${"a-".repeat(120)}/-`)).not.toBeNull();
  });
});
