import { describe, expect, test } from "vitest";
import { changes } from "./comparison";
import { readPackages } from "./packages";

const CYCLONEDX = {
  bomFormat: "CycloneDX",
  components: [
    { type: "library", name: "openssl", version: "3.0.11" },
    { type: "library", group: "@babel", name: "core", version: "7.1.0" },
    { type: "file", name: "/etc/hosts" },
    { type: "application", name: "app", version: "1", components: [{ name: "inner", version: "2" }] },
  ],
};
const SPDX = {
  spdxVersion: "SPDX-2.3",
  documentDescribes: ["SPDXRef-image"],
  packages: [
    { SPDXID: "SPDXRef-image", name: "team/app" },
    { SPDXID: "SPDXRef-1", name: "bash", versionInfo: "5.2" },
    { SPDXID: "SPDXRef-2", name: "lib", versionInfo: "2" },
    { SPDXID: "SPDXRef-3", name: "lib", versionInfo: "1" },
  ],
};

describe("packages of a bill of materials", () => {
  test("of CycloneDX are read with those in others", () => {
    expect([...(readPackages(JSON.stringify(CYCLONEDX)) ?? [])]).toEqual([
      ["openssl", "3.0.11"],
      ["@babel/core", "7.1.0"],
      ["app", "1"],
      ["inner", "2"],
    ]);
  });

  test.each([[SPDX], [{ predicateType: "https://spdx.dev/Document", predicate: SPDX }]])(
    "of SPDX are read without the image itself, in a statement or not",
    (document) => {
      expect([...(readPackages(JSON.stringify(document)) ?? [])]).toEqual([
        ["bash", "5.2"],
        ["lib", "1, 2"],
      ]);
    },
  );

  test("attack 46: documents with members of other types have no packages", () => {
    expect(readPackages('{"artifacts": []}')).toBeNull();
    expect(readPackages('{"bomFormat": "CycloneDX", "components": [1, {"name": {}}]}')?.size).toBe(0);
    expect(readPackages("[]")).toBeNull();
    expect(readPackages("SPDXVersion: SPDX-2.3")).toBeNull();
  });

  test("that came, went or have another version are told", () => {
    const before = new Map([
      ["same", "1"],
      ["moved", "1"],
      ["gone", "1"],
    ]);
    const after = new Map([
      ["same", "1"],
      ["moved", "2"],
      ["new", "1"],
    ]);
    expect(changes(before, after)).toEqual([
      { what: "gone", before: "1", after: null },
      { what: "moved", before: "1", after: "2" },
      { what: "new", before: null, after: "1" },
    ]);
  });
});
