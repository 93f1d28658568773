import { expect, test } from "vitest";
import { nameIn, stepsTo } from "./folders";

test("the way to a folder goes from the root down", () => {
  expect(stepsTo("")).toEqual([]);
  expect(stepsTo("usr/bin/")).toEqual([
    { name: "usr", folder: "usr/" },
    { name: "bin", folder: "usr/bin/" },
  ]);
  expect(stepsTo("../../")).toEqual([
    { name: "..", folder: "../" },
    { name: "..", folder: "../../" },
  ]);
});

test("an entry is called by the rest of its path", () => {
  expect(nameIn("", "etc")).toBe("etc");
  expect(nameIn("etc/", "etc/hosts")).toBe("hosts");
  expect(nameIn("etc/", "elsewhere")).toBe("elsewhere");
});
