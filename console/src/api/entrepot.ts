/** Calls of Entrepot's own service, which the AWS SDK has no client for: the same protocol, signed the same way. */

import { Sha256Js } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Operations } from "../../generated/entrepot";
import { endpoint, type Keys } from "./clients";

const TARGET = "Entrepot_V20261125";

/** One operation, asked with the session of the page. */
export type CallEntrepot = <Name extends keyof Operations>(
  operation: Name,
  input: Operations[Name]["input"],
  signal?: AbortSignal,
) => Promise<Operations[Name]["output"]>;

/** What the operation answers; throws its refusal, with the API's code and text and the request's id. */
export async function callEntrepot<Name extends keyof Operations>(
  keys: Keys,
  region: string,
  operation: Name,
  input: Operations[Name]["input"],
  signal?: AbortSignal,
): Promise<Operations[Name]["output"]> {
  const there = new URL(endpoint());
  const signer = new SignatureV4({ service: "entrepot", region, credentials: keys, sha256: Sha256Js });
  const request = await signer.sign({
    method: "POST",
    protocol: there.protocol,
    hostname: there.hostname,
    ...(there.port === "" ? {} : { port: Number(there.port) }),
    path: "/",
    query: {},
    headers: {
      host: there.host,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `${TARGET}.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const { host: _host, ...headers } = request.headers; // the browser's to set
  const answer = await fetch(`${endpoint()}/`, {
    method: "POST",
    headers,
    body: request.body,
    credentials: "omit",
    signal: signal ?? null,
  });
  const said: unknown = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw refusal(answer, said);
  }
  return said as Operations[Name]["output"];
}

function refusal(answer: Response, said: unknown): Error {
  const parts = (typeof said === "object" && said !== null ? said : {}) as Record<string, unknown>;
  const code = String(parts.__type ?? answer.headers.get("x-amzn-errortype") ?? `HTTP ${answer.status}`);
  const message = String(parts.message ?? parts.Message ?? answer.statusText);
  return Object.assign(new Error(message), {
    name: code.split("#").at(-1)?.split(":")[0] ?? code,
    $metadata: { requestId: answer.headers.get("x-amzn-requestid") },
  });
}
