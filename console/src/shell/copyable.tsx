/** Text to take along: shown, as a whole or shortened, with a button that copies all of it. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import type { ReactNode } from "react";
import { text } from "../text";

export function Copyable(props: { value: string; shown?: string; label?: string }): ReactNode {
  const { value, shown, label } = props;
  return (
    <CopyToClipboard
      variant="inline"
      copyButtonAriaLabel={text.copy(label ?? value)}
      copySuccessText={text.copied}
      copyErrorText={text.notCopied}
      textToCopy={value}
      {...(shown === undefined ? {} : { textToDisplay: shown })}
    />
  );
}
