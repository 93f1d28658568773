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
/** Tags by which cosign names what belongs to an image, and what clients name the list of its referrers by. */
const TAG_OF_SUBJECT = /^sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?$/;
const KINDS_BY_ENDING = {
  sig: text.kinds.signature,
  att: text.kinds.attestation,
  sbom: text.kinds.sbom,
};
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
  imageTags?: string[] | undefined;
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
    const ending = TAG_OF_SUBJECT.exec(image.imageTags?.[0] ?? "")?.[2];
    if (ending !== undefined) {
      return KINDS_BY_ENDING[ending as keyof typeof KINDS_BY_ENDING];
    }
    return isIndex(image) ? text.kinds.index : text.kinds.image;
  }
  return KINDS.find(([pattern]) => pattern.test(artifact))?.[1] ?? artifact;
}

/** The digest that all tags of an image name as its subject, which is how cosign stores signatures. */
export function subjectOfTags(tags: readonly string[] | undefined): string | null {
  // Asked of each of very many images, nearly none of which have such a tag.
  if (!tags?.[0]?.startsWith("sha256-")) {
    return null;
  }
  const subjects = new Set(tags.map((tag) => TAG_OF_SUBJECT.exec(tag)?.[1] ?? ""));
  const [subject = ""] = subjects;
  return subjects.size === 1 && subject !== "" ? `sha256:${subject}` : null;
}

/** The tags under which cosign would have stored something about an image. */
export function tagsOfSubject(digest: string): string[] {
  return Object.keys(KINDS_BY_ENDING).map((ending) => `${digest.replace(":", "-")}.${ending}`);
}

/** The command that fetches exactly this, with the client that can. */
export function pullCommand(image: MediaTypes, address: string): string {
  const artifact = image.artifactMediaType ?? "";
  if (artifact === "" || isImageConfig(artifact) || isIndex(image)) {
    return `docker pull ${address}`;
  }
  return tellKind(image) === text.kinds.chart ? `helm pull oci://${address}` : `oras pull ${address}`;
}
