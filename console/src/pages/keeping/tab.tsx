/** What is kept in one repository. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { PinTable, UsageTable } from "./tables";

export function KeepingTab({ name }: { name: string }): ReactNode {
  return (
    <SpaceBetween size="l">
      <PinTable repositoryName={name} />
      <UsageTable scope={{ repositoryName: name }} />
    </SpaceBetween>
  );
}
