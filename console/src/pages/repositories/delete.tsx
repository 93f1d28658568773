/** Deleting a repository with all its images. */

import { DeleteRepositoryCommand } from "@aws-sdk/client-ecr";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useClients } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";
import { useRecycleBin } from "../bin/queries";

export function DeleteRepository(props: {
  name: string;
  onDeleted: () => void;
  onClose: () => void;
}): ReactNode {
  const { name, onDeleted, onClose } = props;
  const { ecr } = useClients();
  const bin = useRecycleBin();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const remove = useMutation({
    mutationFn: () => ecr.send(new DeleteRepositoryCommand({ repositoryName: name, force: true })),
    onSuccess: () => {
      queries.clear();
      tellSuccess(text.deleteRepository.done(name));
      onDeleted();
    },
  });
  return (
    <Confirmation
      title={text.deleteRepository.title(name)}
      warning={text.deleteRepository.warning(bin.data?.retentionDays)}
      phrase={name}
      button={text.delete}
      isPending={remove.isPending}
      failure={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
