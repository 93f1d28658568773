/** Who is signed in: credentials that end by themselves, kept in this tab and nowhere else. */

export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ISO 8601, UTC. */
  expiresAt: string;
  region: string;
  account: string;
  arn: string;
}

const KEY = "entrepot.session";
const REGION_KEY = "entrepot.region";
const PARTS: (keyof Session)[] = [
  "accessKeyId",
  "secretAccessKey",
  "sessionToken",
  "expiresAt",
  "region",
  "account",
  "arn",
];

/** The tab's session, or null where nobody is signed in or what is kept is not one. */
export function loadSession(storage: Storage = window.sessionStorage): Session | null {
  const kept = storage.getItem(KEY);
  if (kept === null) {
    return null;
  }
  try {
    const session: unknown = JSON.parse(kept);
    return isSession(session) ? session : null;
  } catch {
    return null;
  }
}

export function keepSession(session: Session, storage: Storage = window.sessionStorage): void {
  storage.setItem(KEY, JSON.stringify(session));
  storage.setItem(REGION_KEY, session.region);
}

export function forgetSession(storage: Storage = window.sessionStorage): void {
  storage.removeItem(KEY);
}

/** The region that was chosen last in this tab; the page offers it first. */
export function lastRegion(storage: Storage = window.sessionStorage): string {
  return storage.getItem(REGION_KEY) ?? "us-east-1";
}

export function hasExpired(session: Session, now: Date): boolean {
  return Date.parse(session.expiresAt) <= now.getTime();
}

function isSession(value: unknown): value is Session {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const parts = value as Record<string, unknown>;
  return (
    PARTS.every((part) => typeof parts[part] === "string") && !Number.isNaN(Date.parse(`${parts.expiresAt}`))
  );
}
