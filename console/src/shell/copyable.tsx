/** Text to take along: shown, as a whole or shortened, with a button that copies all of it. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { type ReactNode, useEffect, useState } from "react";
import { text } from "../text";

const TOLD_MS = 2000;

export interface CopyableProps {
  value: string;
  shown?: string;
  label?: string;
}

export function Copyable(props: CopyableProps): ReactNode {
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

/**
 * The same in a table of many rows, by a plain button: the design system's own takes as long to draw as the
 * rest of a row.
 */
export function CopyableCell(props: CopyableProps): ReactNode {
  const { value, shown, label } = props;
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => {
    if (told !== null) {
      const timer = window.setTimeout(() => setTold(null), TOLD_MS);
      return () => window.clearTimeout(timer);
    }
  }, [told]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setTold(text.copied);
    } catch {
      setTold(text.notCopied); // not on http://, nor where the browser was told not to
    }
  };
  return (
    <span className="copyable">
      <button type="button" aria-label={text.copy(label ?? value)} onClick={copy}>
        <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
          <path d="M5 5h10v10H5zM11 1H1v10h4" />
        </svg>
      </button>
      {told === null ? (shown ?? value) : <span role="status">{told}</span>}
    </span>
  );
}
