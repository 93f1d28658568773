/** The lifecycle policy of a repository: its rules, changing them, and trying what they would do. */

import { DeleteLifecyclePolicyCommand, PutLifecyclePolicyCommand } from "@aws-sdk/client-ecr";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useClients } from "../../../session/context";
import { Arrival } from "../../../shell/arrival";
import { FaultAlert } from "../../../shell/fault";
import { useNotices } from "../../../shell/notifications";
import { text } from "../../../text";
import { LifecycleEditor } from "./editor";
import { LifecyclePreview } from "./preview";
import { lifecycleKey, useLifecyclePolicy } from "./queries";
import { LifecycleRules } from "./rules";

const words = text.lifecycle;

/** A policy that is tried; no two tries have the same round, or the second would show what the first found. */
interface Try {
  policy: string;
  round: number;
}

let rounds = 0;

export function LifecycleTab({ name }: { name: string }): ReactNode {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const policy = useLifecyclePolicy(name);
  const [isEditing, setEditing] = useState(false);
  const [tried, setTried] = useState<Try | null>(null);
  const look = () => queries.invalidateQueries({ queryKey: lifecycleKey(name) });
  const save = useMutation({
    mutationFn: (lifecyclePolicyText: string) =>
      ecr.send(new PutLifecyclePolicyCommand({ repositoryName: name, lifecyclePolicyText })),
    onSuccess: async () => {
      await look();
      tellSuccess(words.done);
      setEditing(false);
    },
  });
  const remove = async () => {
    await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName: name }));
    await look();
    tellSuccess(words.deleted);
  };
  const test = (tested: string) => {
    rounds += 1;
    setTried({ policy: tested, round: rounds });
  };
  return (
    <SpaceBetween size="l">
      <FaultAlert failure={policy.error} />
      {policy.isPending && <Spinner size="large" />}
      {policy.data !== undefined &&
        (isEditing ? (
          <LifecycleEditor
            policy={policy.data?.text ?? null}
            isSaving={save.isPending}
            failure={save.error}
            onSave={save.mutate}
            onTest={test}
            onClose={() => {
              save.reset();
              setEditing(false);
            }}
          />
        ) : (
          <LifecycleRules
            policy={policy.data}
            onEdit={() => setEditing(true)}
            onDelete={remove}
            onTest={test}
          />
        ))}
      {tried !== null && (
        <Arrival key={tried.round}>
          <LifecyclePreview name={name} {...tried} />
        </Arrival>
      )}
    </SpaceBetween>
  );
}
