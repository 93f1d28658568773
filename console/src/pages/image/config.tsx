/** What a container of the image is started with, as its config says. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { split } from "../../domain/comparison";
import type { ImageConfig } from "../../domain/manifest";
import { formatForeign, formatWritten } from "../../format";
import { PairTable } from "../../shell/pair_table";
import { text } from "../../text";

const words = text.image;

export function ConfigView({ config }: { config: ImageConfig }): ReactNode {
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{words.start}</Header>}>
        <KeyValuePairs
          columns={2}
          items={[
            { label: words.entrypoint, value: commandLine(config.entrypoint) },
            { label: words.command, value: commandLine(config.command) },
            { label: words.user, value: config.user ?? "–" },
            { label: words.workingDir, value: config.workingDir ?? "–" },
            { label: words.ports, value: config.ports.join(", ") || "–" },
            { label: words.volumes, value: config.volumes.join(", ") || "–" },
            { label: words.created, value: formatWritten(config.created) },
            { label: words.author, value: config.author ?? "–" },
          ]}
        />
      </Container>
      <PairTable
        title={words.environment}
        name={words.variable}
        value={words.value}
        pairs={config.environment.map(split)}
      />
      <PairTable title={words.labels} name={words.label} value={words.value} pairs={config.labels} />
    </SpaceBetween>
  );
}

function commandLine(parts: string[]): ReactNode {
  return parts.length === 0 ? "–" : <code className="foreign">{formatForeign(JSON.stringify(parts))}</code>;
}
