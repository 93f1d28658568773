/** Manifests and image configs as they were pushed: other people's JSON, so nothing in it is taken for granted. */

import { isObject, list, object, string, strings } from "./json";

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  /** `linux/arm64/v8`, where an index says so. */
  platform: string | null;
  annotations: [string, string][];
}

export interface Manifest {
  mediaType: string;
  artifactType: string | null;
  config: Descriptor | null;
  layers: Descriptor[];
  manifests: Descriptor[];
  subject: Descriptor | null;
  annotations: [string, string][];
}

export interface HistoryEntry {
  createdBy: string;
  created: string;
  comment: string;
  isEmpty: boolean;
}

export interface ImageConfig {
  platform: string | null;
  created: string | null;
  author: string | null;
  user: string | null;
  workingDir: string | null;
  entrypoint: string[];
  command: string[];
  environment: string[];
  ports: string[];
  volumes: string[];
  labels: [string, string][];
  history: HistoryEntry[];
}

/** Throws where the text is no JSON object. */
export function parseManifest(content: string): Manifest {
  const manifest = object(JSON.parse(content));
  return {
    mediaType: string(manifest.mediaType) ?? "",
    artifactType: string(manifest.artifactType),
    config: descriptor(manifest.config),
    layers: descriptors(manifest.layers),
    manifests: descriptors(manifest.manifests),
    subject: descriptor(manifest.subject),
    annotations: pairs(manifest.annotations),
  };
}

/** Throws where the text is no JSON object. */
export function parseImageConfig(content: string): ImageConfig {
  const image = object(JSON.parse(content));
  const config = isObject(image.config) ? image.config : {};
  return {
    platform: platform(image),
    created: string(image.created),
    author: string(image.author),
    user: string(config.User),
    workingDir: string(config.WorkingDir),
    entrypoint: strings(config.Entrypoint),
    command: strings(config.Cmd),
    environment: strings(config.Env),
    ports: Object.keys(isObject(config.ExposedPorts) ? config.ExposedPorts : {}),
    volumes: Object.keys(isObject(config.Volumes) ? config.Volumes : {}),
    labels: pairs(config.Labels),
    history: list(image.history)
      .filter(isObject)
      .map((entry) => ({
        createdBy: string(entry.created_by) ?? "",
        created: string(entry.created) ?? "",
        comment: string(entry.comment) ?? "",
        isEmpty: entry.empty_layer === true,
      })),
  };
}

export interface LayerStep {
  history: HistoryEntry | null;
  layer: Descriptor | null;
}

/** Each step of the history with the layer that it made; layers without a word about them come last. */
export function matchHistory(history: HistoryEntry[], layers: Descriptor[]): LayerStep[] {
  let place = 0;
  const steps: LayerStep[] = history.map((entry) => {
    if (entry.isEmpty) {
      return { history: entry, layer: null };
    }
    const layer = layers[place] ?? null;
    place += 1;
    return { history: entry, layer };
  });
  return [...steps, ...layers.slice(place).map((layer) => ({ history: null, layer }))];
}

function descriptors(value: unknown): Descriptor[] {
  return list(value).flatMap((one) => descriptor(one) ?? []);
}

function descriptor(value: unknown): Descriptor | null {
  if (!isObject(value)) {
    return null;
  }
  return {
    mediaType: string(value.mediaType) ?? "",
    digest: string(value.digest) ?? "",
    size: typeof value.size === "number" ? value.size : 0,
    platform: isObject(value.platform) ? platform(value.platform) : null,
    annotations: pairs(value.annotations),
  };
}

function platform(value: Record<string, unknown>): string | null {
  const parts = [value.os, value.architecture, value.variant].map(string).filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join("/");
}

function pairs(value: unknown): [string, string][] {
  return isObject(value)
    ? Object.entries(value).map(([key, one]) => [key, typeof one === "string" ? one : JSON.stringify(one)])
    : [];
}
