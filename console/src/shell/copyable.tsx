/** Text to take along: shown, as a whole or shortened, with a button that copies all of it. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import type { ReactNode } from "react";
import { text } from "../text";

export function Copyable({ value, shown }: { value: string; shown?: string }): ReactNode {
  return (
    <CopyToClipboard
      variant="inline"
      copyButtonAriaLabel={text.copy(value)}
      copySuccessText={text.copied}
      copyErrorText={text.notCopied}
      textToCopy={value}
      {...(shown === undefined ? {} : { textToDisplay: shown })}
    />
  );
}
