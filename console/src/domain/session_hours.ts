/** How long a session of a role may be: people think in hours, IAM in seconds. */

const HOUR = 3600;
const LONGEST = 12 * HOUR;

/** IAM's standard, where nothing was said, is an hour. */
export function hoursOf(seconds: number | undefined): number {
  return (seconds ?? HOUR) / HOUR;
}

export function secondsOf(hours: string): number {
  return Math.round(Number(hours) * HOUR);
}

/** What IAM takes: one to twelve hours, and parts of them. */
export function areHours(hours: string): boolean {
  return secondsOf(hours) >= HOUR && secondsOf(hours) <= LONGEST;
}
