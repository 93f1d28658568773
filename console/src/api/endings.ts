/** Tells whoever listens that the API no longer takes the session's credentials. */

import { isEndOfSession } from "./faults";

const listeners = new Set<() => void>();

export function onEndOfSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** To be called with every failure of the API. */
export function noteFailure(failure: unknown): void {
  if (isEndOfSession(failure)) {
    for (const listener of [...listeners]) {
      listener();
    }
  }
}
