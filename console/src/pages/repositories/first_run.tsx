/** What an empty registry shows: three commands, the last of which pushes a first image. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { endpoint } from "../../api/clients";
import { createCommand, loginCommand } from "../../domain/push_commands";
import { paths } from "../../paths";
import { useSession } from "../../session/context";
import { Commands } from "../../shell/command";
import { hrefOf, useFollow } from "../../shell/links";
import { text } from "../../text";
import { useRegistryHost } from "./queries";

const NAME = "my-app";

export function FirstRun(): ReactNode {
  const { region } = useSession();
  const follow = useFollow();
  const host = useRegistryHost() ?? window.location.host;
  const place = { region, endpoint: endpoint(), host };
  const uri = `${host}/${NAME}:latest`;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={text.firstRun.description}
          actions={
            <Button variant="primary" href={hrefOf(paths.createRepository)} onFollow={follow}>
              {text.firstRun.start}
            </Button>
          }
        >
          {text.firstRun.title}
        </Header>
      }
    >
      <Container header={<Header variant="h2">{text.firstRun.commands}</Header>}>
        <SpaceBetween size="m">
          <Box>{text.push.needsCli}</Box>
          <Commands
            steps={[
              { says: text.firstRun.create, command: createCommand(place, NAME) },
              { says: text.firstRun.login, command: loginCommand(place, "posix") },
              { says: text.firstRun.push, command: `docker build -t ${uri} . && docker push ${uri}` },
            ]}
          />
        </SpaceBetween>
      </Container>
    </ContentLayout>
  );
}
