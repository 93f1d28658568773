/** Making a role: who may take it on, and for how long. */

import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { areHours, secondsOf } from "../../domain/session_hours";
import { trustOfAccount, trustOfProvider } from "../../domain/trust";
import { paths } from "../../paths";
import { useClients, useSession } from "../../session/context";
import { text } from "../../text";
import { BoundaryField } from "./boundary";
import { DocumentForm, type Entered } from "./document_form";
import { HoursField } from "./hours_field";
import { LONGEST_NAME } from "./longest_name";

const words = text.roles;

export function CreateRolePage(): ReactNode {
  const { iam } = useClients();
  const { account } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [hours, setHours] = useState("1");
  const [boundary, setBoundary] = useState("");
  const [asked] = useSearchParams();
  const provider = asked.get("provider");
  const create = useMutation({
    mutationFn: (entered: Entered) =>
      iam.send(
        new CreateRoleCommand({
          RoleName: entered.name,
          AssumeRolePolicyDocument: entered.document,
          MaxSessionDuration: secondsOf(hours),
          ...(entered.description === "" ? {} : { Description: entered.description }),
          ...(boundary === "" ? {} : { PermissionsBoundary: boundary }),
        }),
      ),
    onSuccess: (_, { name }) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.role(name));
    },
  });
  return (
    <DocumentForm
      title={words.create}
      nameLabel={words.name}
      longest={LONGEST_NAME.role}
      documentLabel={words.trust}
      kind="resource"
      example={
        provider === null ? trustOfAccount(account) : trustOfProvider(provider, asked.get("audience") ?? "")
      }
      isRight={areHours(hours)}
      isPending={create.isPending}
      failure={create.error}
      onSubmit={create.mutate}
      onCancel={() => navigate(paths.roles)}
    >
      <HoursField value={hours} onChange={setHours} />
      <BoundaryField value={boundary} onChange={setBoundary} />
    </DocumentForm>
  );
}
