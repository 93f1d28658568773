/** Making a role: who may take it on, and for how long. */

import { CreateRoleCommand } from "@aws-sdk/client-iam";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../paths";
import { useClients, useSession } from "../../session/context";
import { text } from "../../text";
import { DocumentForm } from "./document_form";

const words = text.roles;
const LONGEST_NAME = 64;
const HOUR = 3600;

export function CreateRolePage(): ReactNode {
  const { iam } = useClients();
  const { account } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [hours, setHours] = useState("1");
  const isTime = /^([1-9]|1[0-2])$/.test(hours);
  const create = useMutation({
    mutationFn: (entered: { name: string; description: string; document: string }) =>
      iam.send(
        new CreateRoleCommand({
          RoleName: entered.name,
          AssumeRolePolicyDocument: entered.document,
          MaxSessionDuration: Number(hours) * HOUR,
          ...(entered.description === "" ? {} : { Description: entered.description }),
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
      longest={LONGEST_NAME}
      documentLabel={words.trust}
      kind="resource"
      example={trustOf(account)}
      isRight={isTime}
      isPending={create.isPending}
      failure={create.error}
      onSubmit={create.mutate}
      onCancel={() => navigate(paths.roles)}
    >
      <FormField
        label={words.hours}
        constraintText={words.hoursConstraint}
        errorText={isTime ? undefined : words.hoursConstraint}
      >
        <Input type="number" value={hours} onChange={({ detail }) => setHours(detail.value)} />
      </FormField>
    </DocumentForm>
  );
}

/** Trusts everybody in the account whose own policies allow it. */
function trustOf(account: string): string {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: "sts:AssumeRole",
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}
