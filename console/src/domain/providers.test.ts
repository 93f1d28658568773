import { expect, test } from "vitest";
import { isIssuerUrl, isThumbprint, thumbprintOf } from "./providers";

test("an issuer is an https URL without a query", () => {
  expect(isIssuerUrl("https://gitlab.example.com:8443/a")).toBe(true);
  expect(isIssuerUrl("http://gitlab.example.com")).toBe(false);
  expect(isIssuerUrl("https://gitlab.example.com?x=1")).toBe(false);
  expect(isIssuerUrl("https://who@gitlab.example.com")).toBe(false);
});

test("a thumbprint may be pasted as openssl tells it", () => {
  const told = ` ${Array(20).fill("A1").join(":")}\n`;
  expect(isThumbprint(told)).toBe(false);
  expect(isThumbprint(thumbprintOf(told))).toBe(true);
});
