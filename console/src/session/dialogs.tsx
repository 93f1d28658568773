/** Becoming somebody else in the same tab: by a role, or by the keys of another account or user. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../paths";
import { FormDialog } from "../shell/dialogs";
import { FaultAlert } from "../shell/fault";
import { text } from "../text";
import { useSession, useSessionState } from "./context";
import { assumeRole } from "./exchange";
import { useSignIn } from "./key_fields";

const words = text.switching;
const ROLE = /^[\w+=,.@/-]{1,512}$/;

export function SwitchRoleDialog(props: {
  /** A role to begin with: its account and its name, with its path. */
  role?: { account: string; name: string };
  onClose: () => void;
}): ReactNode {
  const session = useSession();
  const { add } = useSessionState();
  const navigate = useNavigate();
  const [account, setAccount] = useState(props.role?.account ?? "");
  const [role, setRole] = useState(props.role?.name ?? "");
  const isAccount = /^\d{12}$/.test(account);
  const change = useMutation({
    mutationFn: () => assumeRole(session, `arn:aws:iam::${account}:role/${role}`),
    onSuccess: (next) => {
      props.onClose();
      add(next);
      navigate(paths.repositories);
    },
  });
  return (
    <FormDialog
      title={words.role}
      button={words.roleButton}
      isReady={isAccount && ROLE.test(role)}
      isPending={change.isPending}
      onSubmit={() => change.mutate()}
      onClose={props.onClose}
    >
      <FaultAlert failure={change.error} />
      <FormField
        label={words.account}
        constraintText={words.accountConstraint}
        errorText={account !== "" && !isAccount ? words.accountConstraint : undefined}
      >
        <Input
          value={account}
          onChange={({ detail }) => setAccount(detail.value.trim())}
          inputMode="numeric"
          autoFocus
        />
      </FormField>
      <FormField label={text.roles.name} description={words.roleDescription}>
        <Input value={role} onChange={({ detail }) => setRole(detail.value.trim())} spellcheck={false} />
      </FormField>
    </FormDialog>
  );
}

export function AddSessionDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { add } = useSessionState();
  const navigate = useNavigate();
  const { fields, isReady, isPending, failure, submit } = useSignIn((session) => {
    onClose();
    add(session);
    navigate(paths.repositories);
  });
  return (
    <FormDialog
      title={words.add}
      button={text.signIn.button}
      isReady={isReady}
      isPending={isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <FaultAlert failure={failure} />
      {fields}
    </FormDialog>
  );
}
