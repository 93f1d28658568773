import { expect, test } from "vitest";
import { faultOf, isEndOfSession } from "./faults";

test("the code, the text and the id of the request are the API's", () => {
  const failure = Object.assign(new Error("no"), {
    name: "RepositoryNotFoundException",
    $metadata: { requestId: "1-2" },
  });
  expect(faultOf(failure)).toEqual({ code: "RepositoryNotFoundException", message: "no", requestId: "1-2" });
});

test("what is no error of the API is told as well as it can be", () => {
  expect(faultOf("text")).toEqual({ code: "Error", message: "text", requestId: null });
});

test("a refusal for lack of permission does not end the session", () => {
  expect(isEndOfSession(Object.assign(new Error(), { name: "ExpiredTokenException" }))).toBe(true);
  expect(isEndOfSession(Object.assign(new Error(), { name: "AccessDeniedException" }))).toBe(false);
});
