/** Images as people think of them: parts of an index and referrers stand below what they belong to. */

import type { ImageDetail } from "@aws-sdk/client-ecr";

export interface ImageTree {
  roots: ImageDetail[];
  below: ReadonlyMap<string, ImageDetail[]>;
}

/** What was pushed may name itself, or two things each other. */
const DEEPEST = 8;

/** `partsOf` tells the digests of each index that was looked into. A part with a tag stands for itself. */
export function imageTree(
  images: readonly ImageDetail[],
  partsOf: ReadonlyMap<string, readonly string[]>,
): ImageTree {
  const byDigest = new Map(images.map((image) => [image.imageDigest ?? "", image]));
  const parents = new Map<string, string>();
  for (const [index, parts] of partsOf) {
    for (const part of parts) {
      const image = byDigest.get(part);
      if (byDigest.has(index) && part !== index && image !== undefined && !image.imageTags?.length) {
        parents.set(part, index);
      }
    }
  }
  for (const image of images) {
    const { imageDigest = "", subjectManifestDigest: subject } = image;
    if (subject !== undefined && subject !== imageDigest && byDigest.has(subject)) {
      parents.set(imageDigest, subject);
    }
  }

  const roots: ImageDetail[] = [];
  const below = new Map<string, ImageDetail[]>();
  for (const image of images) {
    const digest = image.imageDigest ?? "";
    const parent = parents.get(digest);
    if (parent === undefined || !endsAtRoot(digest, parents)) {
      roots.push(image);
    } else {
      const siblings = below.get(parent);
      if (siblings === undefined) {
        below.set(parent, [image]);
      } else {
        siblings.push(image);
      }
    }
  }
  return { roots, below };
}

/** The image, and all that stands below it. */
export function withAllBelow(image: ImageDetail, below: ImageTree["below"]): ImageDetail[] {
  const children = below.get(image.imageDigest ?? "") ?? [];
  return [image, ...children.flatMap((child) => withAllBelow(child, below))];
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
