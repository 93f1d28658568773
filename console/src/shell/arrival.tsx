/** What a button has just asked for, where it comes below what is in view. */

import { type ReactNode, useEffect, useRef } from "react";

export function Arrival({ children }: { children: ReactNode }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "start" }), []);
  return (
    <div ref={place} className="arrival">
      {children}
    </div>
  );
}
