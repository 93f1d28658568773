/** What an image is, by its media types: an image, an index of several, a chart, a signature … */

import { text } from "../text";

const INDEXES = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
const CONFIGS = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);
/** First match counts. */
const KINDS: [RegExp, string][] = [
  [/^application\/vnd\.cncf\.helm\./, text.kinds.chart],
  [/cosign|signature/, text.kinds.signature],
  [/spdx|cyclonedx|sbom/, text.kinds.sbom],
  [/in-toto/, text.kinds.attestation],
];

export interface MediaTypes {
  imageManifestMediaType?: string | undefined;
  artifactMediaType?: string | undefined;
}

export function isIndex(image: MediaTypes): boolean {
  return INDEXES.has(image.imageManifestMediaType ?? "");
}

export function isImageConfig(mediaType: string): boolean {
  return CONFIGS.has(mediaType);
}

/** In words; an artifact nobody knows is called what it calls itself. */
export function tellKind(image: MediaTypes): string {
  const artifact = image.artifactMediaType;
  if (artifact === undefined || artifact === "" || isImageConfig(artifact)) {
    return isIndex(image) ? text.kinds.index : text.kinds.image;
  }
  return KINDS.find(([pattern]) => pattern.test(artifact))?.[1] ?? artifact;
}
