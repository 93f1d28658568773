import { describe, expect, test } from "vitest";
import { areHours, hoursOf, secondsOf } from "./session_hours";

describe("hours of a session", () => {
  test.each(["1", "1.5", "12"])("%s may be asked for", (hours) => expect(areHours(hours)).toBe(true));

  test.each(["", "0.9", "13", "two", "1,5"])("%j may not", (hours) => expect(areHours(hours)).toBe(false));

  test("any number of seconds comes back as it was", () => {
    expect(secondsOf(String(hoursOf(5000)))).toBe(5000);
    expect(hoursOf(undefined)).toBe(1);
  });
});
