/** The policy of a repository. */

import {
  DeleteRepositoryPolicyCommand,
  GetRepositoryPolicyCommand,
  SetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isAbsence } from "../../../api/faults";
import { policyOf } from "../../../domain/policy";
import { useClients, useSession } from "../../../session/context";
import { useNotices } from "../../../shell/notifications";
import { PolicyEditor } from "../../../shell/policy_editor";
import { text } from "../../../text";

const words = text.permissions;

export function RepositoryPolicy({ name }: { name: string }): ReactNode {
  const { ecr } = useClients();
  const { account } = useSession();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const key = ["repository-policy", name];
  const look = async () => {
    await queries.invalidateQueries({ queryKey: key });
    void queries.invalidateQueries({ queryKey: ["access"] });
  };
  const policy = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        const found = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName: name }));
        return found.policyText ?? null;
      } catch (failure) {
        if (isAbsence(failure) && (failure as Error).name === "RepositoryPolicyNotFoundException") {
          return null;
        }
        throw failure;
      }
    },
  });
  return (
    <PolicyEditor
      title={words.title}
      description={words.description}
      kind="resource"
      policy={policy.data}
      failure={policy.error}
      example={exampleFor(account)}
      canForce
      onSave={async (policyText, force) => {
        await ecr.send(new SetRepositoryPolicyCommand({ repositoryName: name, policyText, force }));
        await look();
        tellSuccess(words.done);
      }}
      onDelete={async () => {
        await ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName: name }));
        await look();
        tellSuccess(words.deleted);
      }}
    />
  );
}

function exampleFor(account: string): string {
  return policyOf({
    Sid: "AllowPull",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  });
}
