import { expect, test } from "vitest";
import type { LayerFile } from "../../generated/entrepot";
import { compareFiles, stack } from "./file_comparison";

function file(path: string, more: LayerFile = {}): LayerFile {
  return { path, type: "file", sizeInBytes: 1, mode: "0644", ...more };
}

test("a later layer lies upon an earlier one, and takes away what it says", () => {
  const left = stack([
    [file("a"), file("dir/b"), file("dir/c")],
    [file("a", { sizeInBytes: 2 }), file("dir", { whiteout: "content" }), file("dir/d")],
  ]);
  expect([...left.keys()].sort()).toEqual(["a", "dir/d"]);
  expect(left.get("a")?.sizeInBytes).toBe(2);
});

test("files differ by what is told of them, folders by their rights alone", () => {
  const folder: LayerFile = { type: "directory" };
  const before = stack([[file("gone"), file("same"), file("larger"), file("etc", folder)]]);
  const after = stack([[file("new"), file("same"), file("larger", { sizeInBytes: 9 }), file("var", folder)]]);
  const found = compareFiles(before, after);
  expect(found.map((change) => [change.path, change.before?.sizeInBytes, change.after?.sizeInBytes])).toEqual(
    [
      ["gone", 1, undefined],
      ["larger", 1, 9],
      ["new", undefined, 1],
    ],
  );
});
