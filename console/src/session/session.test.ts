import { describe, expect, test } from "vitest";
import {
  forgetSession,
  hasExpired,
  keepOthers,
  keepSession,
  lastRegion,
  loadOthers,
  loadSession,
  type Session,
  tellWho,
  without,
} from "./session";

const session: Session = {
  accessKeyId: "ASIA",
  secretAccessKey: "secret",
  sessionToken: "token",
  expiresAt: "2026-11-25T20:00:00.000Z",
  region: "eu-west-1",
  account: "123456789012",
  arn: "arn:aws:iam::123456789012:root",
};

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage;
}

describe("the tab's session", () => {
  test("is there again after a reload", () => {
    const tab = storage();
    keepSession(session, tab);
    expect(loadSession(tab)).toEqual(session);
  });

  test("leaves the region behind and nothing else", () => {
    const tab = storage();
    keepSession(session, tab);
    forgetSession(tab);
    expect(loadSession(tab)).toBeNull();
    expect(lastRegion(tab)).toBe("eu-west-1");
  });

  test.each(["", "{", "null", "[]", "{}", JSON.stringify({ ...session, expiresAt: "soon" })])(
    "attack 47: %s is none",
    (kept) => {
      const tab = storage();
      tab.setItem("entrepot.session", kept);
      expect(loadSession(tab)).toBeNull();
    },
  );

  test("ends at its time", () => {
    expect(hasExpired(session, new Date("2026-11-25T19:59:59.999Z"))).toBe(false);
    expect(hasExpired(session, new Date("2026-11-25T20:00:00.000Z"))).toBe(true);
  });

  test("is told by who it is", () => {
    expect(tellWho(session)).toBe("root");
    expect(tellWho({ ...session, arn: "arn:aws:sts::123456789012:assumed-role/build/maya" })).toBe(
      "assumed-role/build/maya",
    );
  });
});

describe("the tab's other sessions", () => {
  const early = new Date("2026-11-25T19:00:00.000Z");

  test("are there again after a reload until they end", () => {
    const tab = storage();
    keepOthers([session], tab);
    expect(loadOthers(early, tab)).toEqual([session]);
    expect(loadOthers(new Date(session.expiresAt), tab)).toEqual([]);
  });

  test("leave nothing behind", () => {
    const tab = storage();
    keepOthers([session], tab);
    keepOthers([], tab);
    expect(tab.getItem("entrepot.sessions")).toBeNull();
  });

  test("end with the one that they were begun with", () => {
    const role = { ...session, accessKeyId: "ASIAROLE", begunWith: "ASIA" };
    const next = { ...session, accessKeyId: "ASIANEXT", begunWith: "ASIAROLE" };
    const other = { ...session, accessKeyId: "ASIAOTHER" };
    expect(without("ASIA", [next, role, other])).toEqual([other]);
    expect(without("ASIAROLE", [session, next, other])).toEqual([session, other]);
  });

  test.each(["", "{", "null", "{}", '[1, null, {"arn": 1}]'])("attack 47: %s is none", (kept) => {
    const tab = storage();
    tab.setItem("entrepot.sessions", kept);
    expect(loadOthers(early, tab)).toEqual([]);
  });
});
