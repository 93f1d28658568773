/** How the files of two images differ, as far as it can be told from the layers that only one of them has. */

import type { LayerFile } from "../../generated/entrepot";

export interface FileChange {
  path: string;
  before: LayerFile | null;
  after: LayerFile | null;
}

/** What the layers leave, one upon the other, by path; a whiteout takes away what is below it. */
export function stack(layers: readonly (readonly LayerFile[])[]): Map<string, LayerFile> {
  const left = new Map<string, LayerFile>();
  for (const files of layers) {
    for (const { path = "", whiteout } of files) {
      if (whiteout !== undefined) {
        takeAway(left, path);
      }
    }
    for (const file of files) {
      if (file.whiteout !== "content") {
        left.set(file.path ?? "", file); // what an entry takes away is a difference too
      }
    }
  }
  return left;
}

/** Folders are left out: they are there by what lies in them. */
export function compareFiles(
  before: ReadonlyMap<string, LayerFile>,
  after: ReadonlyMap<string, LayerFile>,
): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .map((path) => ({ path, before: before.get(path) ?? null, after: after.get(path) ?? null }))
    .filter((change) => !isSame(change.before, change.after));
}

function isSame(one: LayerFile | null, other: LayerFile | null): boolean {
  if (one === null || other === null) {
    return (one ?? other)?.type === "directory";
  }
  const isEqual =
    one.type === other.type &&
    one.mode === other.mode &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.linkTarget === other.linkTarget &&
    one.whiteout === other.whiteout;
  const isFolder = one.type === "directory";
  return (
    isEqual && (isFolder || (one.sizeInBytes === other.sizeInBytes && one.modifiedAt === other.modifiedAt))
  );
}

function takeAway(left: Map<string, LayerFile>, path: string): void {
  for (const there of [...left.keys()]) {
    if (there === path || there.startsWith(`${path}/`)) {
      left.delete(there);
    }
  }
}
