/** What is kept in the whole registry, and who says so. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { Page } from "../../shell/page";
import { text } from "../../text";
import { ClusterTables, PinTable } from "./tables";

export function KeepingPage(): ReactNode {
  return (
    <Page title={text.pins.title} description={text.pins.description}>
      <SpaceBetween size="l">
        <PinTable />
        <ClusterTables />
      </SpaceBetween>
    </Page>
  );
}
