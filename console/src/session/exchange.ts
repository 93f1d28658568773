/** Swaps long-lived access keys for a session, so that the keys are in memory no longer than one request. */

import type { Keys } from "../api/clients";
import { callEntrepot } from "../api/entrepot";
import { momentOf } from "../format";
import type { Session } from "./session";

/** A console session for these keys; throws what the API refuses. */
export async function beginSession(keys: Keys, region: string): Promise<Session> {
  const { accountId, principalArn, credentials } = await callEntrepot(
    keys,
    region,
    "CreateConsoleSession",
    {},
  );
  return {
    accessKeyId: credentials?.accessKeyId ?? "",
    secretAccessKey: credentials?.secretAccessKey ?? "",
    sessionToken: credentials?.sessionToken ?? "",
    expiresAt: momentOf(credentials?.expiration)?.toISOString() ?? "",
    region,
    account: accountId ?? "",
    arn: principalArn ?? "",
  };
}

/** The session is good for nothing afterwards, whoever has its keys. */
export async function endSession(session: Session): Promise<void> {
  await callEntrepot(session, session.region, "RevokeSession", { accessKeyId: session.accessKeyId });
}
