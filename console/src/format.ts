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

// Made once: a formatter costs more than what it formats.
const TO_THE_MINUTE: Intl.DateTimeFormatOptions = {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
};
const minutes = new Intl.DateTimeFormat("en-GB", TO_THE_MINUTE);
const seconds = new Intl.DateTimeFormat("en-GB", { ...TO_THE_MINUTE, second: "2-digit" });

/** A moment in the reader's own time zone, which is named. */
export function formatTime(moment: Date | undefined): string {
  return moment === undefined ? "–" : minutes.format(moment);
}

/** The same to the second, where it matters what came first. */
export function formatMoment(moment: Date | undefined): string {
  return moment === undefined ? "–" : seconds.format(moment);
}

/** A time as other programs write it down; what is none is left as it is, and the year 1 means nothing. */
export function formatWritten(time: string | null): string {
  const moment = new Date(time ?? "");
  if (time === null || moment.getUTCFullYear() <= 1) {
    return "–";
  }
  return Number.isNaN(moment.getTime()) ? time : formatTime(moment);
}

/** A moment that Entrepot's own service tells, in seconds since 1970. */
export function momentOf(epoch: number | undefined): Date | undefined {
  return epoch === undefined ? undefined : new Date(epoch * 1000);
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

/**
 * Other people's text with the characters written out that are not seen, or that turn what is around them: a name
 * that is read backwards would pass for another one.
 */
export function formatForeign(foreign: string): string {
  return foreign.replaceAll(
    /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) =>
      character === "\n" || character === "\t"
        ? character
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}
