import { describe, expect, test } from "vitest";
import { forgetSession, hasExpired, keepSession, lastRegion, loadSession, type Session } from "./session";

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
});
