/** Asks for one short text. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { type ReactNode, useState } from "react";
import { FormDialog } from "./dialogs";
import { FaultAlert } from "./fault";

export function TextDialog(props: {
  title: string;
  button: string;
  label: string;
  constraint?: string;
  /** What the field begins with. */
  value?: string;
  /** What is wrong with it; null where nothing is. An empty one is not complained about, and not sent. */
  complaintAbout: (entered: string) => string | null;
  isPending: boolean;
  failure: unknown;
  onText: (entered: string) => void;
  onClose: () => void;
  /** More fields. */
  children?: ReactNode;
}): ReactNode {
  const { title, button, label, constraint, complaintAbout, isPending, failure, onText, onClose } = props;
  const [entered, setEntered] = useState(props.value ?? "");
  const complaint = entered === "" ? null : complaintAbout(entered);
  return (
    <FormDialog
      title={title}
      button={button}
      isReady={entered !== "" && complaint === null}
      isPending={isPending}
      onSubmit={() => onText(entered)}
      onClose={onClose}
    >
      <FaultAlert failure={failure} />
      <FormField label={label} constraintText={constraint} errorText={complaint}>
        <Input
          value={entered}
          onChange={({ detail }) => setEntered(detail.value)}
          spellcheck={false}
          autoComplete={false}
          autoFocus
        />
      </FormField>
      {props.children}
    </FormDialog>
  );
}
