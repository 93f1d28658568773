/** Which images have layers of this one: from a list by layer to one by image. */

import type { SharedLayer } from "../../generated/entrepot";
import type { Descriptor } from "./manifest";

export interface SharingOne {
  repositoryName: string;
  imageDigest: string;
  imageTags: string[];
  /** Digests of the layers that both have. */
  layers: ReadonlySet<string>;
  bytes: number;
}

/** Those that share most come first. The API names some images of each layer, so there may be more. */
export function sharingImages(layers: readonly Descriptor[], shared: readonly SharedLayer[]): SharingOne[] {
  const sizes = new Map(layers.map((layer) => [layer.digest, layer.size]));
  const found = new Map<string, SharingOne & { layers: Set<string> }>();
  for (const { layerDigest = "", images = [] } of shared) {
    const size = sizes.get(layerDigest);
    if (size === undefined) {
      continue; // the config
    }
    for (const { repositoryName = "", imageDigest = "", imageTags = [] } of images) {
      const key = `${repositoryName}@${imageDigest}`;
      const one = found.get(key) ?? { repositoryName, imageDigest, imageTags, layers: new Set(), bytes: 0 };
      one.layers.add(layerDigest);
      one.bytes += size;
      found.set(key, one);
    }
  }
  return [...found.values()].sort((one, other) => other.bytes - one.bytes);
}
