/** Swaps long-lived access keys for a session, so that the keys are in memory no longer than one request. */

import { GetCallerIdentityCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { stsClient } from "../api/clients";
import type { Session } from "./session";

export interface AccessKeys {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A console session for these keys; throws what the API refuses. */
export async function beginSession(keys: AccessKeys, region: string): Promise<Session> {
  const granted = await stsClient(keys, region).send(new GetSessionTokenCommand({}));
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = granted.Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
    throw new Error("the server granted no session");
  }
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  const caller = await stsClient(credentials, region).send(new GetCallerIdentityCommand({}));
  return {
    ...credentials,
    expiresAt: Expiration.toISOString(),
    region,
    account: caller.Account ?? "",
    arn: caller.Arn ?? "",
  };
}
