/** What a provider of identity tokens accepts, in two lists: whom its tokens are for, and certificates. */

import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import {
  isClientId,
  isThumbprint,
  MOST_CLIENTS,
  MOST_THUMBPRINTS,
  thumbprintOf,
} from "../../domain/providers";
import { ShortTable } from "../../shell/short_table";
import { TextDialog } from "../../shell/text_dialog";
import { TextFields } from "../../shell/text_fields";
import { text } from "../../text";

/** One of the two lists. */
interface Accepted {
  title: string;
  description: string;
  label: string;
  add: string;
  none: string;
  most: number;
  complaintAbout: (entered: string) => string | null;
}

export const CLIENTS: Accepted = {
  ...text.providerClients,
  most: MOST_CLIENTS,
  complaintAbout: (entered) => (isClientId(entered) ? null : text.providerClients.wrong),
};

export const THUMBPRINTS: Accepted = {
  ...text.providerThumbprints,
  most: MOST_THUMBPRINTS,
  complaintAbout: (entered) => (isThumbprint(thumbprintOf(entered)) ? null : text.providerThumbprints.wrong),
};

export function areRight(list: Accepted, values: string[]): boolean {
  return values.every((value) => list.complaintAbout(value) === null);
}

/** The list of a provider that is about to be made. */
export function AcceptedFields(props: {
  list: Accepted;
  values: string[];
  onChange: (values: string[]) => void;
}): ReactNode {
  const { list, values, onChange } = props;
  return (
    <FormField label={list.title} description={list.description} stretch>
      <TextFields
        values={values}
        onChange={onChange}
        most={list.most}
        label={list.label}
        add={list.add}
        none={list.none}
        complaintAbout={list.complaintAbout}
      />
    </FormField>
  );
}

/** The list of a provider, to add to and to take from. */
export function AcceptedTable(props: {
  list: Accepted;
  values: string[];
  onAdd: (entered: string) => Promise<unknown>;
  onRemove: (value: string) => Promise<unknown>;
  /** Called when one of them was tried, whether that failed or not. */
  onSettled: () => void;
}): ReactNode {
  const { list, values, onAdd, onRemove, onSettled } = props;
  const [isAdding, setAdding] = useState(false);
  const adding = useMutation({ mutationFn: onAdd, onSuccess: () => setAdding(false), onSettled });
  const removing = useMutation({ mutationFn: onRemove, onSettled });
  return (
    <>
      <ShortTable
        title={list.title}
        description={list.description}
        rows={values}
        most={list.most}
        failure={removing.error}
        empty={list.none}
        columns={[
          { id: "value", header: list.label, cell: (value) => value, isRowHeader: true },
          {
            id: "actions",
            header: text.attachedPolicies.actions,
            cell: (value) => (
              <Button
                variant="inline-link"
                ariaLabel={text.removeOne(value)}
                onClick={() => removing.mutate(value)}
              >
                {text.remove}
              </Button>
            ),
          },
        ]}
        actions={
          <Button
            disabled={values.length >= list.most}
            onClick={() => {
              adding.reset();
              setAdding(true);
            }}
          >
            {list.add}
          </Button>
        }
      />
      {isAdding && (
        <TextDialog
          title={list.add}
          button={text.add}
          label={list.label}
          complaintAbout={list.complaintAbout}
          isPending={adding.isPending}
          failure={adding.error}
          onText={adding.mutate}
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}
