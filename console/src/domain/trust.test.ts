import { describe, expect, test } from "vitest";
import { readPolicy } from "./policy";
import { issuerOf, openingsFor, trustOfProvider } from "./trust";

const GITHUB = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const CLUSTER = "arn:aws:iam::123456789012:oidc-provider/cluster.example.com/id/7";

describe("trust policies", () => {
  test("an issuer keeps its path", () => {
    expect(issuerOf(CLUSTER)).toBe("cluster.example.com/id/7");
  });

  test("a new one trusts nobody until its subject is filled in", () => {
    const { statements, complaint } = readPolicy(trustOfProvider(CLUSTER, "sts.amazonaws.com"), "resource");
    expect(complaint).toBeNull();
    expect(statements[0]?.conditions).toEqual([
      "StringEquals cluster.example.com/id/7:aud sts.amazonaws.com",
      "StringEquals cluster.example.com/id/7:sub <SUBJECT>",
    ]);
  });

  test("one is opened by the providers that it names, and by what it allows", () => {
    const statement = { Effect: "Allow", Principal: { Federated: [GITHUB] }, Action: "*" };
    const trust = JSON.stringify({
      Statement: [
        {
          ...statement,
          Condition: { StringLike: { "token.actions.githubusercontent.com:sub": "repo:a/*" } },
        },
        { ...statement, Effect: "Deny" },
      ],
    });
    expect(openingsFor(GITHUB, trust)).toEqual([
      ["StringLike token.actions.githubusercontent.com:sub repo:a/*"],
    ]);
    expect(openingsFor(CLUSTER, trust)).toEqual([]);
    expect(openingsFor(CLUSTER, trustOfProvider(CLUSTER, ""))).toHaveLength(1);
  });

  test("what is no policy is opened by nobody", () => {
    expect(openingsFor(GITHUB, "no JSON")).toEqual([]);
  });
});
