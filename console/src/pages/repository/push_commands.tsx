/** The commands that push an image to a repository, for each system, with the host it really has. */

import type { Repository } from "@aws-sdk/client-ecr";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { endpoint } from "../../api/clients";
import { isThisMachine, pushSteps, type System } from "../../domain/push_commands";
import { useSession } from "../../session/context";
import { Commands } from "../../shell/command";
import { InfoDialog } from "../../shell/dialogs";
import { text } from "../../text";

const words = text.push;

export function PushCommands(props: { repository: Repository; onClose: () => void }): ReactNode {
  const { repository, onClose } = props;
  const { region } = useSession();
  const repositoryUri = repository.repositoryUri ?? "";
  const place = { region, endpoint: endpoint(), repositoryUri };
  const commands = (system: System, isInMachine: boolean) => (
    <SpaceBetween size="m">
      <Box>{system === "windows" ? words.needsPowerShell : words.needsCli}</Box>
      <Commands
        steps={pushSteps(place, system).map(({ id, command }) => ({ says: words.steps[id], command }))}
      />
      {isInMachine && isThisMachine(repositoryUri) && <Alert type="info">{words.desktop}</Alert>}
    </SpaceBetween>
  );
  return (
    <InfoDialog title={words.title(repository.repositoryName ?? "")} size="large" onClose={onClose}>
      <Tabs
        ariaLabel={words.systems}
        tabs={[
          { id: "linux", label: "Linux", content: commands("posix", false) },
          { id: "macos", label: "macOS", content: commands("posix", true) },
          { id: "windows", label: "Windows", content: commands("windows", true) },
        ]}
      />
    </InfoDialog>
  );
}
