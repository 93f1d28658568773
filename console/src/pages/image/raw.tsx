/** Manifest and config as they were pushed, to read and to copy. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { indentJson } from "../../domain/policy";
import { JsonText } from "../../shell/json_text";
import { text } from "../../text";
import type { ImageContent } from "./queries";

const words = text.image;

export function RawView({ image }: { image: ImageContent }): ReactNode {
  return (
    <SpaceBetween size="l">
      <JsonDocument title={words.manifest} content={image.manifestText} />
      {image.configText !== null && <JsonDocument title={words.config} content={image.configText} />}
    </SpaceBetween>
  );
}

function JsonDocument({ title, content }: { title: string; content: string }): ReactNode {
  const [isIndented, setIndented] = useState(true);
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => setIndented(!isIndented)}>
                {isIndented ? words.asPushed : words.indented}
              </Button>
              <CopyToClipboard
                copyButtonText={text.copy(title)}
                copySuccessText={text.copied}
                copyErrorText={text.notCopied}
                textToCopy={content}
              />
            </SpaceBetween>
          }
        >
          {title}
        </Header>
      }
    >
      <JsonText label={title} content={isIndented ? indentJson(content) : content} />
    </Container>
  );
}
