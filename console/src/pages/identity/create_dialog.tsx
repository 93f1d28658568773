/** Makes something that needs no more than a name, and shows it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { text } from "../../text";
import { NameDialog } from "./name_dialog";

export function CreateDialog(props: {
  words: { create: string; name: string };
  longest: number;
  onCreate: (name: string) => Promise<unknown>;
  /** The page of what was made. */
  pathOf: (name: string) => string;
  onClose: () => void;
  /** More fields. */
  children?: ReactNode;
}): ReactNode {
  const { words, longest, onCreate, pathOf, onClose, children } = props;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: onCreate,
    onSuccess: (_, name) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(pathOf(name));
    },
  });
  return (
    <NameDialog
      title={words.create}
      button={text.create}
      label={words.name}
      longest={longest}
      isPending={create.isPending}
      failure={create.error}
      onName={create.mutate}
      onClose={onClose}
    >
      {children}
    </NameDialog>
  );
}
