/** Folders of a layer: the way to one, as steps from the root. */

export interface Step {
  name: string;
  /** The prefix of what lies in it: "" of the root, else it ends in a slash. */
  folder: string;
}

/** `usr/bin/` is two steps; the root is none. */
export function stepsTo(folder: string): Step[] {
  const names = folder.split("/").slice(0, -1);
  return names.map((name, place) => ({ name, folder: `${names.slice(0, place + 1).join("/")}/` }));
}

/** What an entry is called in its folder. */
export function nameIn(folder: string, path: string): string {
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}
