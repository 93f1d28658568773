/** What is kept in the whole registry, and who says so. */

import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { text } from "../../text";
import { ClusterTables, PinTable } from "./tables";

export function KeepingPage(): ReactNode {
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={text.pins.description}>
          {text.pins.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <PinTable />
        <ClusterTables />
      </SpaceBetween>
    </ContentLayout>
  );
}
