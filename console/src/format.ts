/** Numbers and times as people read them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A size in decimal units, as docker prints it. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) {
    return "–";
  }
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${size.toFixed(digits)} ${UNITS[unit]}`;
}

/** A moment in the reader's own time zone. */
export function formatTime(moment: Date | undefined): string {
  return moment === undefined
    ? "–"
    : moment.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** The same to the second, where it matters what came first. */
export function formatMoment(moment: Date | undefined): string {
  return moment === undefined
    ? "–"
    : moment.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** A moment that Entrepot's own service tells, in seconds since 1970. */
export function momentOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}

/** A day, for axes. */
export function formatDay(moment: Date): string {
  return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** A digest as short as people know it: `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(":");
  return hex === undefined ? digest : `${algorithm}:${hex.slice(0, 12)}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}
