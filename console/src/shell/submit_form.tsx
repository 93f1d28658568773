/** A form that the return key sends, where what was entered may be sent and is not on its way. */

import type { ReactNode } from "react";

export interface SubmitFormProps {
  /** For a button that stands outside of it. */
  id?: string;
  isReady: boolean;
  isPending: boolean;
  onSubmit: () => void;
  children: ReactNode;
}

export function SubmitForm({ id, isReady, isPending, onSubmit, children }: SubmitFormProps): ReactNode {
  return (
    <form
      id={id}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isPending) {
          onSubmit();
        }
      }}
    >
      {children}
    </form>
  );
}
