/** A document as text, which scrolls where it is long. */

import type { ReactNode } from "react";

export function JsonText({ label, content }: { label: string; content: string }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className="document" tabIndex={0} aria-label={label}>
      <pre>{content}</pre>
    </section>
  );
}
