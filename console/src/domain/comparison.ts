/** How one image differs from another: layers, and what a container is started with. */

import { text } from "../text";
import type { Descriptor, ImageConfig, Manifest } from "./manifest";

const words = text.image;

export interface Change {
  what: string;
  before: string | null;
  after: string | null;
}

export interface Comparison {
  common: Descriptor[];
  gone: Descriptor[];
  added: Descriptor[];
  changes: Change[];
}

export function compareImages(
  before: { manifest: Manifest; config: ImageConfig | null },
  after: { manifest: Manifest; config: ImageConfig | null },
): Comparison {
  const old = new Set(before.manifest.layers.map((layer) => layer.digest));
  const now = new Set(after.manifest.layers.map((layer) => layer.digest));
  return {
    common: after.manifest.layers.filter((layer) => old.has(layer.digest)),
    gone: before.manifest.layers.filter((layer) => !now.has(layer.digest)),
    added: after.manifest.layers.filter((layer) => !old.has(layer.digest)),
    changes: changes(settings(before.config), settings(after.config)),
  };
}

/** What two sets of named values do not have alike, by name. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .map((what) => ({ what, before: before.get(what) ?? null, after: after.get(what) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** Each setting of a config by a name of its own. */
function settings(config: ImageConfig | null): Map<string, string> {
  const found = new Map<string, string>();
  if (config === null) {
    return found;
  }
  const single: [string, string | null][] = [
    [words.platform, config.platform],
    [words.user, config.user],
    [words.workingDir, config.workingDir],
    [words.entrypoint, list(config.entrypoint)],
    [words.command, list(config.command)],
    [words.ports, list(config.ports)],
    [words.volumes, list(config.volumes)],
  ];
  for (const [name, value] of single) {
    if (value !== null) {
      found.set(name, value);
    }
  }
  for (const variable of config.environment) {
    const [name, value] = split(variable);
    found.set(`${words.variable} ${name}`, value);
  }
  for (const [name, value] of config.labels) {
    found.set(`${words.label} ${name}`, value);
  }
  return found;
}

function list(parts: string[]): string | null {
  return parts.length === 0 ? null : JSON.stringify(parts);
}

/** The name and value of `NAME=value`. */
export function split(variable: string): [string, string] {
  const sign = variable.indexOf("=");
  return sign < 0 ? [variable, ""] : [variable.slice(0, sign), variable.slice(sign + 1)];
}
