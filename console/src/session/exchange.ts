/** Swaps long-lived access keys for a session, so that the keys are in memory no longer than one request. */

import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { type Keys, makeClients } from "../api/clients";
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

/** A session of a role, for whoever the role trusts. It ends with the time that the role gives. */
export async function assumeRole(session: Session, roleArn: string): Promise<Session> {
  const { sts } = makeClients(session);
  const { Credentials: keys } = await sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionNameOf(session) }),
  );
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = keys ?? {};
  // As a session of the console, so that what its pages look at is not taken for a pull.
  const begun = await beginSession(
    { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    session.region,
  );
  return { ...begun, begunWith: session.accessKeyId };
}

/** The user's name, as AWS's console has it; STS wants two characters at least. */
function sessionNameOf(session: Session): string {
  const name =
    session.arn
      .split("/")
      .at(-1)
      ?.replace(/[^\w+=,.@-]/g, "-") ?? "";
  return (name.length < 2 ? `console-${name}` : name).slice(0, 64);
}

/** The session is good for nothing afterwards, whoever has its keys. */
export async function endSession(session: Session): Promise<void> {
  await callEntrepot(session, session.region, "RevokeSession", { accessKeyId: session.accessKeyId });
}
