/** Asks to choose one of many. */

import FormField from "@cloudscape-design/components/form-field";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import { type ReactNode, useState } from "react";
import { FormDialog } from "./dialogs";
import { FaultAlert } from "./fault";

export function ChoiceDialog(props: {
  title: string;
  button: string;
  label: string;
  options: SelectProps.Option[];
  isLoading: boolean;
  isPending: boolean;
  failure: unknown;
  onChoose: (value: string) => void;
  onClose: () => void;
}): ReactNode {
  const { title, button, label, options, isLoading, isPending, failure, onChoose, onClose } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <FormDialog
      title={title}
      button={button}
      isReady={chosen !== null}
      isPending={isPending}
      onSubmit={() => onChoose(chosen ?? "")}
      onClose={onClose}
    >
      <FaultAlert failure={failure} />
      <FormField label={label}>
        <Select
          options={options}
          selectedOption={options.find((option) => option.value === chosen) ?? null}
          onChange={({ detail }) => setChosen(detail.selectedOption.value ?? null)}
          filteringType="auto"
          virtualScroll
          expandToViewport
          placeholder={label}
          statusType={isLoading ? "loading" : "finished"}
        />
      </FormField>
    </FormDialog>
  );
}
