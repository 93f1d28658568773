/** What is kept in one repository. */

import type { Repository } from "@aws-sdk/client-ecr";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { PatternPins } from "./pattern_pins";
import { PinTable, UsageTable } from "./tables";

export function KeepingTab({ repository }: { repository: Repository }): ReactNode {
  const name = repository.repositoryName ?? "";
  return (
    <SpaceBetween size="l">
      <PatternPins repositoryArn={repository.repositoryArn ?? ""} />
      <PinTable repositoryName={name} />
      <UsageTable scope={{ repositoryName: name }} />
    </SpaceBetween>
  );
}
