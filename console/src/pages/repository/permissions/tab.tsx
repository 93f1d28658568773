/** Who may do what with a repository: its policy, what everybody of the account may do, and why. */

import type { Repository } from "@aws-sdk/client-ecr";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { AccessQuestion, type AccessTopic } from "./access_question";
import { AccessTable } from "./access_table";
import { RepositoryPolicy } from "./policy";

export function PermissionsTab({ repository }: { repository: Repository }): ReactNode {
  const arn = repository.repositoryArn ?? "";
  const [topic, setTopic] = useState<AccessTopic | null>(null);
  return (
    <SpaceBetween size="l">
      <RepositoryPolicy name={repository.repositoryName ?? ""} />
      <AccessTable repositoryArn={arn} onAsk={setTopic} />
      <AccessQuestion key={JSON.stringify(topic)} repositoryArn={arn} topic={topic} />
    </SpaceBetween>
  );
}
