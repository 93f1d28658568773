/** The packages that a software bill of materials names. */

import { isObject, list, string } from "./json";

/** The versions of each package, by its name. */
export type Packages = ReadonlyMap<string, string>;

const DEEPEST = 4; // components of CycloneDX have components

/** The packages of a document of CycloneDX or SPDX, bare or in an in-toto statement; null where it is none of them. */
export function readPackages(content: string): Packages | null {
  const document = parse(content);
  const sbom = isObject(document.predicate) ? document.predicate : document;
  if (sbom.bomFormat === "CycloneDX") {
    return collect(components(sbom.components, DEEPEST));
  }
  if (string(sbom.spdxVersion) !== null) {
    const described = new Set(list(sbom.documentDescribes));
    const packages = list(sbom.packages).filter(isObject);
    // What the document is about is the image itself.
    return collect(
      packages
        .filter((one) => !described.has(one.SPDXID))
        .map((one) => [string(one.name), string(one.versionInfo)]),
    );
  }
  return null;
}

/** Nothing where it is written in another way, such as SPDX's own lines. */
function parse(content: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(content);
    return isObject(document) ? document : {};
  } catch {
    return {};
  }
}

type Named = [string | null, string | null];

function components(value: unknown, depth: number): Named[] {
  return list(value)
    .filter(isObject)
    .flatMap((one) => {
      const group = string(one.group);
      const name = string(one.name);
      const named: Named = [group === null || name === null ? name : `${group}/${name}`, string(one.version)];
      const own = one.type === "file" ? [] : [named];
      return depth === 0 ? own : [...own, ...components(one.components, depth - 1)];
    });
}

function collect(named: Named[]): Packages {
  const versions = new Map<string, Set<string>>();
  for (const [name, version] of named) {
    if (name !== null) {
      versions.set(name, (versions.get(name) ?? new Set()).add(version ?? "–"));
    }
  }
  return new Map([...versions].map(([name, found]) => [name, [...found].sort().join(", ")]));
}
