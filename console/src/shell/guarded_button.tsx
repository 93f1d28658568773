/** A button for what cannot be undone: it asks to type what goes away, and then does it. */

import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { text } from "../text";
import { Confirmation } from "./confirmation";
import { type EachPart, useProgress } from "./progress";

export interface GuardedButtonProps {
  /** What the button says. */
  children: string;
  /** What the button of the dialog says; it deletes where nothing else is said. */
  confirmLabel?: string;
  title: string;
  /** What happens, and that it cannot be undone. */
  warning: ReactNode;
  /** What has to be typed. */
  phrase: string;
  /** The dialog stays, and tells of it, where this fails; what takes many requests goes through `each`. */
  onConfirm: (each: EachPart) => Promise<unknown>;
  isDisabled?: boolean;
  variant?: ButtonProps.Variant;
  ariaLabel?: string;
}

export function GuardedButton(props: GuardedButtonProps): ReactNode {
  const { children, confirmLabel = text.delete, title, warning, phrase, onConfirm } = props;
  const [isAsking, setAsking] = useState(false);
  const [progress, each] = useProgress();
  const act = useMutation({ mutationFn: () => onConfirm(each), onSuccess: () => setAsking(false) });
  return (
    <>
      <Button
        variant={props.variant ?? "normal"}
        ariaLabel={props.ariaLabel}
        disabled={props.isDisabled ?? false}
        onClick={() => {
          act.reset();
          setAsking(true);
        }}
      >
        {children}
      </Button>
      {isAsking && (
        <Confirmation
          title={title}
          warning={warning}
          phrase={phrase}
          button={confirmLabel}
          isPending={act.isPending}
          progress={progress}
          failure={act.error}
          onConfirm={() => act.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
