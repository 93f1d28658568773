/** Making a managed policy. */

import { CreatePolicyCommand } from "@aws-sdk/client-iam";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { text } from "../../text";
import { DocumentForm, type Entered } from "./document_form";
import { EXAMPLE } from "./inline_policies";
import { LONGEST_NAME } from "./longest_name";

const words = text.managedPolicies;

export function CreatePolicyPage(): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: ({ name, description, document }: Entered) =>
      iam.send(
        new CreatePolicyCommand({
          PolicyName: name,
          PolicyDocument: document,
          ...(description === "" ? {} : { Description: description }),
        }),
      ),
    onSuccess: (made) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.policy(made.Policy?.Arn ?? ""));
    },
  });
  return (
    <DocumentForm
      title={words.create}
      nameLabel={words.name}
      longest={LONGEST_NAME.policy}
      documentLabel={text.policies.document}
      kind="identity"
      example={EXAMPLE}
      isPending={create.isPending}
      failure={create.error}
      onSubmit={create.mutate}
      onCancel={() => navigate(paths.policies)}
    />
  );
}
