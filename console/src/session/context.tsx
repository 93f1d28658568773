/** The session as pages use it: its clients, and the ways out of it. */

import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { type Clients, makeClients } from "../api/clients";
import { onEndOfSession } from "../api/endings";
import { type CallEntrepot, callEntrepot } from "../api/entrepot";
import { forgetSession, hasExpired, keepSession, loadSession, type Session } from "./session";

export interface SessionState {
  session: Session | null;
  /** Whether the last session ended by itself: the address stays, to come back to. */
  isExpired: boolean;
  begin: (session: Session) => void;
  expire: () => void;
  end: () => void;
  changeRegion: (region: string) => void;
}

const SessionContext = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const queries = useQueryClient();
  const [session, setSession] = useState<Session | null>(() => loadSession());
  const [isExpired, setExpired] = useState(false);

  const begin = useCallback(
    (next: Session) => {
      queries.clear();
      keepSession(next);
      setExpired(false);
      setSession(next);
    },
    [queries],
  );
  const leave = useCallback(
    (expired: boolean) => {
      forgetSession();
      queries.clear();
      setExpired(expired);
      setSession(null);
    },
    [queries],
  );

  useEffect(() => onEndOfSession(() => leave(true)), [leave]);
  useEffect(() => {
    const look = () => {
      if (session !== null && hasExpired(session, new Date())) {
        leave(true);
      }
    };
    look();
    const timer = window.setInterval(look, 10_000);
    return () => window.clearInterval(timer);
  }, [session, leave]);

  const state = useMemo<SessionState>(
    () => ({
      session,
      isExpired,
      begin,
      expire: () => leave(true),
      end: () => leave(false),
      changeRegion: (region) => {
        if (session !== null) {
          begin({ ...session, region });
        }
      },
    }),
    [session, isExpired, begin, leave],
  );
  return <SessionContext value={state}>{children}</SessionContext>;
}

export function useSessionState(): SessionState {
  const state = useContext(SessionContext);
  if (state === null) {
    throw new Error("outside of the SessionProvider");
  }
  return state;
}

/** The session of a page that is only shown to whoever is signed in. */
export function useSession(): Session {
  const { session } = useSessionState();
  if (session === null) {
    throw new Error("nobody is signed in");
  }
  return session;
}

export function useClients(): Clients {
  const session = useSession();
  return useMemo(() => makeClients(session), [session]);
}

/** Calls Entrepot's own service. */
export function useEntrepot(): CallEntrepot {
  const session = useSession();
  return useCallback(
    (operation, input, signal) => callEntrepot(session, session.region, operation, input, signal),
    [session],
  );
}
