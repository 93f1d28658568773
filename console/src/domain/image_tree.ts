/** Images as people think of them: parts of an index and referrers stand below what they belong to. */

import type { ImageDetail } from "@aws-sdk/client-ecr";
import { subjectOfTags } from "./artifacts";

export interface ImageRow extends ImageDetail {
  /** The index that it is shown in, where it has a row of its own besides. */
  within?: string;
}

export interface ImageTree {
  roots: ImageDetail[];
  below: ReadonlyMap<string, ImageRow[]>;
}

/** What was pushed may name itself, or two things each other. */
const DEEPEST = 8;

/** `partsOf` tells the digests of each index that was looked into. A part with a tag stands for itself too. */
export function imageTree(
  images: readonly ImageDetail[],
  partsOf: ReadonlyMap<string, readonly string[]>,
): ImageTree {
  const byDigest = new Map(images.map((image) => [image.imageDigest ?? "", image]));
  const parents = new Map<string, string>();
  const below = new Map<string, ImageRow[]>();
  for (const [index, parts] of partsOf) {
    for (const part of parts) {
      const image = byDigest.get(part);
      if (!byDigest.has(index) || part === index || image === undefined) {
        continue;
      }
      if (!image.imageTags?.length) {
        parents.set(part, index);
      } else {
        put(below, index, { ...image, within: index });
      }
    }
  }
  for (const image of images) {
    const { imageDigest = "" } = image;
    const subject = image.subjectManifestDigest ?? subjectOfTags(image.imageTags);
    if (subject !== null && subject !== imageDigest && byDigest.has(subject)) {
      parents.set(imageDigest, subject);
    }
  }

  const roots: ImageDetail[] = [];
  for (const image of images) {
    const digest = image.imageDigest ?? "";
    const parent = parents.get(digest);
    if (parent === undefined || !endsAtRoot(digest, parents)) {
      roots.push(image);
    } else {
      put(below, parent, image);
    }
  }
  return { roots, below };
}

/** What stands below a row; a row that is shown a second time shows nothing a second time. */
export function rowsBelow(tree: ImageTree, row: ImageRow): ImageRow[] {
  return row.within === undefined ? (tree.below.get(row.imageDigest ?? "") ?? []) : [];
}

export function rowIdOf(row: ImageRow): string {
  return row.within === undefined ? (row.imageDigest ?? "") : `${row.within}/${row.imageDigest}`;
}

/** Each image once, whichever of its rows were chosen. */
export function imagesOf(rows: readonly ImageRow[]): ImageDetail[] {
  return [...new Map(rows.map((row) => [row.imageDigest, row])).values()];
}

/** The image, and all that stands below it; what has a row of its own besides is not told twice. */
export function withAllBelow(image: ImageDetail, below: ImageTree["below"]): ImageDetail[] {
  const children = (below.get(image.imageDigest ?? "") ?? []).filter((child) => child.within === undefined);
  return [image, ...children.flatMap((child) => withAllBelow(child, below))];
}

function put(below: Map<string, ImageRow[]>, parent: string, row: ImageRow): void {
  const siblings = below.get(parent);
  if (siblings === undefined) {
    below.set(parent, [row]);
  } else {
    siblings.push(row);
  }
}

function endsAtRoot(digest: string, parents: ReadonlyMap<string, string>): boolean {
  let place: string | undefined = digest;
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    place = parents.get(place);
    if (place === undefined) {
      return true;
    }
  }
  return false;
}
