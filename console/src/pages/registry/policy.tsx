/** The policy of the registry, which counts for all of its repositories. */

import {
  DeleteRegistryPolicyCommand,
  GetRegistryPolicyCommand,
  PutRegistryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useClients, useSession } from "../../session/context";
import { useNotices } from "../../shell/notifications";
import { PolicyEditor } from "../../shell/policy_editor";
import { text } from "../../text";

const words = text.registry;

export function RegistryPolicy(): ReactNode {
  const { ecr } = useClients();
  const { account, region } = useSession();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const key = ["registry-policy"];
  const policy = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return (await ecr.send(new GetRegistryPolicyCommand({}))).policyText ?? null;
      } catch (failure) {
        if (failure instanceof Error && failure.name === "RegistryPolicyNotFoundException") {
          return null;
        }
        throw failure;
      }
    },
  });
  return (
    <PolicyEditor
      title={words.policy}
      description={words.policyDescription}
      kind="resource"
      policy={policy.data}
      failure={policy.error}
      example={exampleFor(account, region)}
      onSave={async (policyText) => {
        await ecr.send(new PutRegistryPolicyCommand({ policyText }));
        await queries.invalidateQueries({ queryKey: key });
        tellSuccess(words.policySaved);
      }}
      onDelete={async () => {
        await ecr.send(new DeleteRegistryPolicyCommand({}));
        await queries.invalidateQueries({ queryKey: key });
        tellSuccess(words.policyDeleted);
      }}
    />
  );
}

function exampleFor(account: string, region: string): string {
  const statement = {
    Sid: "AllowPull",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    Resource: `arn:aws:ecr:${region}:${account}:repository/shared/*`,
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}
