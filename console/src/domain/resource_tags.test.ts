import { expect, test } from "vitest";
import { tagChange } from "./resource_tags";

test("only what differs is changed", () => {
  const before = [
    { Key: "team", Value: "a" },
    { Key: "stage", Value: "test" },
    { Key: "old", Value: "" },
  ];
  const after = [
    { Key: "team", Value: "a" },
    { Key: "stage", Value: "live" },
    { Key: "new", Value: "" },
  ];
  expect(tagChange(before, after)).toEqual({
    gone: ["old"],
    set: [
      { Key: "stage", Value: "live" },
      { Key: "new", Value: "" },
    ],
  });
});
