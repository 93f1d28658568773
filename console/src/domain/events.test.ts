import { describe, expect, test } from "vitest";
import { readLookup, readRecord, writeLookup } from "./events";

describe("a question to the audit", () => {
  test("is the same after its way through an address", () => {
    const lookup = {
      attribute: "Username" as const,
      value: "maya & co",
      since: new Date("2026-11-25T10:00:00.000Z"),
      until: null,
    };
    expect(readLookup(new URLSearchParams(writeLookup(lookup)))).toEqual(lookup);
  });

  test.each(["attribute=Nothing&value=x", "attribute=Username", "since=soon", "since=", "until=<script>"])(
    "attack 47: %s asks for all events",
    (address) => {
      const nothing = { attribute: null, value: "", since: null, until: null };
      expect(writeLookup(readLookup(new URLSearchParams(address)))).toEqual(writeLookup(nothing));
    },
  );
});

describe("an event's record", () => {
  test("tells the address and the refusal", () => {
    const record = readRecord('{"sourceIPAddress": "192.0.2.1", "errorCode": "AccessDenied"}');
    expect(record).toMatchObject({ address: "192.0.2.1", error: "AccessDenied" });
  });

  test.each(["", "null", "[1]", '"text"', '{"sourceIPAddress": {}, "errorCode": 1}', "{"])(
    "attack 46: %s is shown and tells nothing else",
    (said) => {
      expect(readRecord(said)).toMatchObject({ address: "", error: "" });
    },
  );
});
