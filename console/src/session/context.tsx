/** The session as pages use it: its clients, and the ways out of it. */

import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { type Clients, makeClients } from "../api/clients";
import { onEndOfSession } from "../api/endings";
import { type CallEntrepot, callEntrepot } from "../api/entrepot";
import {
  forgetSession,
  hasExpired,
  keepOthers,
  keepSession,
  loadOthers,
  loadSession,
  type Session,
  without,
} from "./session";

export interface SessionState {
  session: Session | null;
  /** Sessions of this tab beside the one that its pages show. */
  others: readonly Session[];
  /** Whether the last session ended by itself: the address stays, to come back to. */
  isExpired: boolean;
  /** In place of the one that there was. */
  begin: (session: Session) => void;
  /** Beside the one that there is, which is kept to go back to. */
  add: (session: Session) => void;
  /** Goes on with one of the others; the one that there is stays among them. */
  switchTo: (session: Session) => void;
  expire: () => void;
  /** The tab goes on with the next of its others, where there is one. */
  end: () => void;
  endAll: () => void;
  changeRegion: (region: string) => void;
}

interface Kept {
  session: Session | null;
  others: readonly Session[];
  isExpired: boolean;
}

const SessionContext = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const queries = useQueryClient();
  const [kept, setKept] = useState<Kept>(() => ({
    session: loadSession(),
    others: loadOthers(new Date()),
    isExpired: false,
  }));
  const { session, others, isExpired } = kept;

  const change = useCallback(
    (next: Kept) => {
      queries.clear();
      if (next.session === null) {
        forgetSession();
      } else {
        keepSession(next.session);
      }
      keepOthers(next.others);
      setKept(next);
    },
    [queries],
  );
  const expire = useCallback(() => {
    const left = without(loadSession()?.accessKeyId ?? "", loadOthers(new Date()));
    change({ session: null, others: left, isExpired: true });
  }, [change]);

  useEffect(() => onEndOfSession(expire), [expire]);
  useEffect(() => {
    const look = () => {
      if (session !== null && hasExpired(session, new Date())) {
        expire();
      }
    };
    look();
    const timer = window.setInterval(look, 10_000);
    return () => window.clearInterval(timer);
  }, [session, expire]);

  const state = useMemo<SessionState>(() => {
    const before = session === null ? [] : [session];
    return {
      session,
      others,
      isExpired,
      begin: (next) => change({ session: next, others, isExpired: false }),
      add: (next) => change({ session: next, others: [...before, ...others], isExpired: false }),
      switchTo: (next) =>
        change({
          session: { ...next, region: session?.region ?? next.region },
          others: [...before, ...others.filter((one) => one.accessKeyId !== next.accessKeyId)],
          isExpired: false,
        }),
      expire,
      end: () => {
        const left = session === null ? others : without(session.accessKeyId, others);
        change({ session: left[0] ?? null, others: left.slice(1), isExpired: false });
      },
      endAll: () => change({ session: null, others: [], isExpired: false }),
      changeRegion: (region) => {
        if (session !== null) {
          change({ session: { ...session, region }, others, isExpired: false });
        }
      },
    };
  }, [session, others, isExpired, change, expire]);
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
