/** What went wrong, as the API said it: its code, its text and the request's id. */

export interface Fault {
  code: string;
  message: string;
  requestId: string | null;
}

/** Codes that mean: these credentials are good for nothing any more. */
const ENDED = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
]);

export function faultOf(failure: unknown): Fault {
  if (!(failure instanceof Error)) {
    return { code: "Error", message: String(failure), requestId: null };
  }
  const metadata = (failure as { $metadata?: { requestId?: unknown } }).$metadata;
  const requestId = metadata?.requestId;
  return {
    code: failure.name,
    message: failure.message,
    requestId: typeof requestId === "string" ? requestId : null,
  };
}

export function isEndOfSession(failure: unknown): boolean {
  return failure instanceof Error && ENDED.has(failure.name);
}

/** Whether the API said that one may not ask. */
export function isRefusal(failure: unknown): boolean {
  return failure instanceof Error && /^AccessDenied(Exception)?$/.test(failure.name);
}

/** Whether the API said that there is no such thing, by the end of its code. */
export function isAbsence(failure: unknown): boolean {
  return (
    failure instanceof Error && /(NotFoundException|NoSuchEntity|NoSuchEntityException)$/.test(failure.name)
  );
}
