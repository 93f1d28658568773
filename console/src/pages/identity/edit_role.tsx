/** Changing what a role is for, and how long its sessions may be. */

import { type Role, UpdateRoleCommand } from "@aws-sdk/client-iam";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { areHours, hoursOf, secondsOf } from "../../domain/session_hours";
import { useClients } from "../../session/context";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { HoursField } from "./hours_field";

const words = text.roles;

export function EditRole({ role, onClose }: { role: Role; onClose: () => void }): ReactNode {
  const name = role.RoleName ?? "";
  const { iam } = useClients();
  const queries = useQueryClient();
  const [purpose, setPurpose] = useState(role.Description ?? "");
  const [hours, setHours] = useState(String(hoursOf(role.MaxSessionDuration)));
  const save = useMutation({
    mutationFn: () =>
      iam.send(
        new UpdateRoleCommand({
          RoleName: name,
          Description: purpose,
          MaxSessionDuration: secondsOf(hours),
        }),
      ),
    onSuccess: async () => {
      queries.removeQueries({ queryKey: ["listing"] });
      await queries.invalidateQueries({ queryKey: ["role", name], exact: true });
      onClose();
    },
  });
  return (
    <FormDialog
      title={words.editTitle(name)}
      button={text.save}
      isReady={areHours(hours)}
      isPending={save.isPending}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <FaultAlert failure={save.error} />
      <FormField label={words.purpose}>
        <Input value={purpose} onChange={({ detail }) => setPurpose(detail.value)} autoFocus />
      </FormField>
      <HoursField value={hours} onChange={setHours} />
    </FormDialog>
  );
}
