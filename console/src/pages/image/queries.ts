/** An image as pages read it: its manifest, and its config where it is one of an image. */

import { isImageConfig } from "../../domain/artifacts";
import { type ImageConfig, type Manifest, parseImageConfig, parseManifest } from "../../domain/manifest";
import { useBlobText, useManifest } from "../repository/queries";

export interface ImageContent {
  manifest: Manifest;
  manifestText: string;
  config: ImageConfig | null;
  configText: string | null;
}

export interface ImageQuery {
  content: ImageContent | null;
  failure: unknown;
}

/** `digest` may be null: then nothing is asked for, and there is no content. */
export function useImageContent(name: string, digest: string | null): ImageQuery {
  const manifestText = useManifest(name, digest);
  const manifest =
    manifestText.data === undefined ? null : attempt(() => parseManifest(manifestText.data.content));
  const descriptor = manifest?.value?.config;
  const isKnown = descriptor !== undefined && descriptor !== null && isImageConfig(descriptor.mediaType);
  const configText = useBlobText(name, isKnown ? descriptor.digest : null);
  const config = configText.data === undefined ? null : attempt(() => parseImageConfig(configText.data));
  const failure = manifestText.error ?? manifest?.failure ?? configText.error ?? config?.failure ?? null;
  const isWaiting = isKnown && configText.isPending;
  if (manifestText.data === undefined || !manifest?.value || isWaiting) {
    return { content: null, failure };
  }
  return {
    content: {
      manifest: manifest.value,
      manifestText: manifestText.data.content,
      config: config?.value ?? null,
      configText: configText.data ?? null,
    },
    failure,
  };
}

interface Attempt<T> {
  value: T | null;
  failure: unknown;
}

function attempt<T>(parse: () => T): Attempt<T> {
  try {
    return { value: parse(), failure: null };
  } catch (failure) {
    return { value: null, failure };
  }
}
