/** Commands to copy, numbered as they are to be typed. */

import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { text } from "../text";

export interface Command {
  says: string;
  command: string;
}

export function Commands({ steps }: { steps: Command[] }): ReactNode {
  return (
    <ol className="commands">
      {steps.map((step) => (
        <li key={step.command}>
          <OneCommand {...step} />
        </li>
      ))}
    </ol>
  );
}

export function OneCommand({ says, command }: Command): ReactNode {
  return (
    <SpaceBetween size="xxs">
      <Box>{says}</Box>
      <div className="command">
        <code>{unbroken(command)}</code>
        <CopyToClipboard
          variant="icon"
          copyButtonAriaLabel={text.copy(says)}
          copySuccessText={text.copied}
          copyErrorText={text.notCopied}
          textToCopy={command}
        />
      </div>
    </SpaceBetween>
  );
}

/** Breaks between words only, and never after a hyphen, where what follows would look like another word. */
function unbroken(command: string): ReactNode {
  return command.split(/(?<= )/).map((word, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: words of a command have their place, and nothing else
    <span key={place} className="word">
      {word}
    </span>
  ));
}
