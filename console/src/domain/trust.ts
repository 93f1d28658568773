/** Trust policies of roles: what a new one says, and which of them a provider of identity tokens opens. */

import { policyOf, readPolicy } from "./policy";

const GITHUB = "token.actions.githubusercontent.com";

/** Trusts everybody in the account whose own policies allow it. */
export function trustOfAccount(account: string): string {
  return policyOf({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: "sts:AssumeRole",
  });
}

/**
 * Trusts the tokens of a provider that are for `audience`; whose they are is still to be filled in: until then it is
 * nobody, as no name has such brackets.
 */
export function trustOfProvider(arn: string, audience: string): string {
  const issuer = issuerOf(arn);
  const subject = issuer === GITHUB ? "repo:<OWNER>/<REPOSITORY>:ref:refs/heads/main" : "<SUBJECT>";
  return policyOf({
    Effect: "Allow",
    Principal: { Federated: arn },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        ...(audience === "" ? {} : { [`${issuer}:aud`]: audience }),
        [`${issuer}:sub`]: subject,
      },
    },
  });
}

/** The conditions of each statement by which a trust policy lets the tokens of a provider in. */
export function openingsFor(arn: string, trustPolicy: string): string[][] {
  return readPolicy(trustPolicy, "resource")
    .statements.filter(
      ({ effect, principals }) => effect === "Allow" && principals.includes(`Federated ${arn}`),
    )
    .map(({ conditions }) => conditions);
}

/** The issuer without its scheme, as condition keys begin. */
export function issuerOf(arn: string): string {
  return arn.replace(/^.*?:oidc-provider\//, "");
}
