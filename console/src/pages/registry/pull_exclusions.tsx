/** Users and roles whose pulls leave an image's last pull as it is: scanners and mirrors, which use nothing. */

import {
  DeregisterPullTimeUpdateExclusionCommand,
  type ECRClient,
  ListPullTimeUpdateExclusionsCommand,
  RegisterPullTimeUpdateExclusionCommand,
} from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Table from "@cloudscape-design/components/table";
import { type UseMutationResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useClients, useSession } from "../../session/context";
import { FormDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";

const words = text.pullExclusions;
const KEY = ["pull-exclusions"];

export function PullExclusions(): ReactNode {
  const { ecr } = useClients();
  const [isAdding, setAdding] = useState(false);
  const exclusions = useQuery({ queryKey: KEY, queryFn: () => listExclusions(ecr) });
  const add = useChange(words.added, (principalArn) =>
    ecr.send(new RegisterPullTimeUpdateExclusionCommand({ principalArn })),
  );
  const remove = useChange(words.removed, (principalArn) =>
    ecr.send(new DeregisterPullTimeUpdateExclusionCommand({ principalArn })),
  );
  return (
    <>
      <FaultAlert failure={exclusions.error ?? remove.error} />
      <Table
        items={exclusions.data ?? []}
        loading={exclusions.isPending}
        loadingText={text.table.loading}
        trackBy={(arn) => arn}
        wrapLines
        ariaLabels={{ tableLabel: words.title }}
        columnDefinitions={[
          { id: "principal", header: words.principal, cell: (arn) => arn, isRowHeader: true },
          {
            id: "remove",
            header: text.remove,
            cell: (arn) => (
              <Button
                variant="inline-link"
                ariaLabel={text.removeOne(arn)}
                disabled={remove.isPending}
                onClick={() => remove.mutate(arn)}
              >
                {text.remove}
              </Button>
            ),
            width: 140,
          },
        ]}
        header={
          <Header
            variant="h2"
            description={words.description}
            counter={exclusions.data && `(${exclusions.data.length})`}
            actions={<Button onClick={() => setAdding(true)}>{words.add}</Button>}
          >
            {words.title}
          </Header>
        }
        empty={<Box textAlign="center">{words.none}</Box>}
      />
      {isAdding && (
        <AddExclusion
          add={add}
          onClose={() => {
            add.reset();
            setAdding(false);
          }}
        />
      )}
    </>
  );
}

type Change = UseMutationResult<unknown, Error, string>;

function AddExclusion({ add, onClose }: { add: Change; onClose: () => void }): ReactNode {
  const { account } = useSession();
  const [arn, setArn] = useState("");
  const isArn = /^arn:aws[\w-]*:iam::\d{12}:(user|role)\/\S+$/.test(arn);
  return (
    <FormDialog
      title={words.add}
      button={words.addButton}
      isReady={isArn}
      isPending={add.isPending}
      onSubmit={() => add.mutate(arn, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FaultAlert failure={add.error} />
      <FormField
        label={words.principal}
        constraintText={words.constraint}
        errorText={arn !== "" && !isArn ? words.wrong : undefined}
      >
        <Input
          value={arn}
          onChange={({ detail }) => setArn(detail.value.trim())}
          placeholder={`arn:aws:iam::${account}:role/scanner`}
          spellcheck={false}
          autoComplete={false}
          autoFocus
        />
      </FormField>
    </FormDialog>
  );
}

function useChange(done: string, send: (principalArn: string) => Promise<unknown>): Change {
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  return useMutation<unknown, Error, string>({
    mutationFn: send,
    onSuccess: () => tellSuccess(done),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

async function listExclusions(ecr: ECRClient): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.send(new ListPullTimeUpdateExclusionsCommand({ nextToken }));
    found.push(...(page.pullTimeUpdateExclusions ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}
