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
  /** The access key of the session that a role was taken on with. It ends with that one. */
  begunWith?: string;
}

const KEY = "entrepot.session";
const OTHERS_KEY = "entrepot.sessions";
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

/** Sessions that the tab can go back to, without those that have ended. */
export function loadOthers(now: Date, storage: Storage = window.sessionStorage): Session[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(OTHERS_KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isSession).filter((one) => !hasExpired(one, now)) : [];
  } catch {
    return [];
  }
}

/** Those that do not end with a session: all but itself, what was begun with it, and with that again. */
export function without(gone: string, sessions: readonly Session[]): Session[] {
  const ended = new Set([gone]);
  let kept = sessions.filter((one) => one.accessKeyId !== gone);
  for (let size = -1; size !== ended.size; ) {
    size = ended.size;
    for (const one of kept.filter(({ begunWith }) => begunWith !== undefined && ended.has(begunWith))) {
      ended.add(one.accessKeyId);
    }
    kept = kept.filter(({ accessKeyId }) => !ended.has(accessKeyId));
  }
  return kept;
}

export function keepOthers(sessions: readonly Session[], storage: Storage = window.sessionStorage): void {
  if (sessions.length === 0) {
    storage.removeItem(OTHERS_KEY);
  } else {
    storage.setItem(OTHERS_KEY, JSON.stringify(sessions));
  }
}

/** Who a session is, as people tell them apart: `user/maya`, `assumed-role/build/maya`. */
export function tellWho(session: Session): string {
  return session.arn.split(":").slice(5).join(":");
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
