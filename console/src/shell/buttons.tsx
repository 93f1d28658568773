/** Buttons beside each other: those of a header, of a form, of a row. */

import type { ReactNode } from "react";

export function Buttons({ children }: { children: ReactNode }): ReactNode {
  return (
    // The design system's own row sees a fragment as one child, and puts nothing between what is in it.
    <div className="buttons">{children}</div>
  );
}
