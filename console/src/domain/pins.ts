/** Pins by patterns of tags, which stand in a resource tag of the repository with spaces between them. */

export const PIN_TAG = "entrepot:pin";

export function patternsIn(value: string): string[] {
  return value.split(/\s+/).filter((pattern) => pattern !== "");
}

/** Whether the value is one that the resource tag may have, or none. */
export function arePatterns(value: string): boolean {
  return patternsIn(value).every(
    (pattern) => /^[0-9A-Za-z_.*-]{1,128}$/.test(pattern) && pattern.split("*").length <= 5,
  );
}

/** The first of the tags that a pattern covers. */
export function pinnedTag(patterns: readonly string[], tags: readonly string[]): string | undefined {
  return tags.find((tag) => patterns.some((pattern) => covers(pattern, tag)));
}

/** `*` stands for any characters, also for none; each piece is looked for once, so that no pattern is slow. */
function covers(pattern: string, tag: string): boolean {
  const pieces = pattern.split("*");
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) {
    return tag === pattern;
  }
  if (!tag.startsWith(first)) {
    return false;
  }
  let place = first.length;
  for (const piece of rest) {
    const found = tag.indexOf(piece, place);
    if (found < 0) {
      return false;
    }
    place = found + piece.length;
  }
  return tag.length - last.length >= place && tag.endsWith(last);
}
