/** The registry as a whole: what it is called, its settings and its policy. */

import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { endpoint } from "../../api/clients";
import { useSession } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { text } from "../../text";
import { useRegistryHost } from "../repositories/queries";
import { AccountSettings } from "./account_settings";
import { RegistryPolicy } from "./policy";
import { PullExclusions } from "./pull_exclusions";

const words = text.registry;

export function RegistryPage(): ReactNode {
  const { account, region } = useSession();
  const host = useRegistryHost();
  return (
    <ContentLayout header={<Header variant="h1">{words.title}</Header>}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{words.about}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: words.id, value: account },
              { label: text.region.label, value: region },
              { label: words.host, value: host === null ? "–" : <Copyable value={host} /> },
              { label: words.endpoint, value: <Copyable value={endpoint()} /> },
            ]}
          />
        </Container>
        <AccountSettings />
        <PullExclusions />
        <RegistryPolicy />
      </SpaceBetween>
    </ContentLayout>
  );
}
