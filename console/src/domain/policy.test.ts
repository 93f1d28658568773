import { describe, expect, test } from "vitest";
import { readPolicy } from "./policy";

const statement = { Effect: "Allow", Principal: "*", Action: "ecr:*" };

describe("policies", () => {
  test("one statement may stand without a list", () => {
    const { statements, complaint } = readPolicy(JSON.stringify({ Statement: statement }), "resource");
    expect(complaint).toBeNull();
    expect(statements[0]?.principals).toEqual(["*"]);
  });

  test("who is left out is told as such", () => {
    const content = JSON.stringify({
      Statement: [{ ...statement, Principal: undefined, NotPrincipal: { AWS: ["1", "2"] } }],
    });
    expect(readPolicy(content, "resource").statements[0]?.principals).toEqual([
      "all but AWS 1",
      "all but AWS 2",
    ]);
  });

  test("conditions are told with operator, key and values", () => {
    const content = JSON.stringify({
      Statement: [{ ...statement, Condition: { StringLike: { "ecr:ImageTag": ["a", "b"] } } }],
    });
    expect(readPolicy(content, "resource").statements[0]?.conditions).toEqual([
      "StringLike ecr:ImageTag a, b",
    ]);
  });

  test("an identity's policy needs no principal, but a resource", () => {
    const content = JSON.stringify({ Statement: { Effect: "Allow", Action: "*" } });
    expect(readPolicy(content, "identity").complaint).toContain("Resource");
  });
});
