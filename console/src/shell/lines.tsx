/** Several values of one cell, each on a line of its own. */

import type { ReactNode } from "react";

export function Lines({ lines }: { lines: string[] }): ReactNode {
  if (lines.length === 0) {
    return "–";
  }
  return (
    <ul className="lines">
      {[...new Set(lines)].map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
