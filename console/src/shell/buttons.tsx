/** Buttons beside each other: those of a header, of a form, of a row. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export function Buttons({ children }: { children: ReactNode }): ReactNode {
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      {children}
    </SpaceBetween>
  );
}
