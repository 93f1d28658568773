/** Bringing a deleted repository back, under another name where its own is taken. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import type { RecycledRepository } from "../../../generated/entrepot";
import { complaintAboutName } from "../../domain/repository_name";
import { paths } from "../../paths";
import { useEntrepot } from "../../session/context";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";
import { useForgetting } from "./queries";

const words = text.recycleBin;

export function RestoreRepository(props: { repository: RecycledRepository; onClose: () => void }): ReactNode {
  const { repository, onClose } = props;
  const { repositoryName = "", deletionId = "" } = repository;
  const call = useEntrepot();
  const navigate = useNavigate();
  const forget = useForgetting();
  const { tellSuccess } = useNotices();
  const [name, setName] = useState(repositoryName);
  const complaint = complaintAboutName(name);
  const restore = useMutation({
    mutationFn: () =>
      call("RestoreRepository", {
        repositoryName,
        deletionId,
        ...(name === repositoryName ? {} : { newRepositoryName: name }),
      }),
    onSuccess: (done) => {
      forget();
      tellSuccess(words.repositoryRestored(done.repositoryName ?? name));
      navigate(paths.repository(done.repositoryName ?? name));
    },
  });
  return (
    <FormDialog
      title={words.restoreTitle(repositoryName)}
      button={words.restore}
      isReady={complaint === null}
      isPending={restore.isPending}
      onSubmit={() => restore.mutate()}
      onClose={onClose}
    >
      <FormField label={text.repositories.name} description={words.restoreName} errorText={complaint}>
        <Input
          value={name}
          onChange={({ detail }) => setName(detail.value)}
          autoComplete={false}
          spellcheck={false}
        />
      </FormField>
      <FaultAlert failure={restore.error} />
    </FormDialog>
  );
}
