/** The account's users. */

import { CreateUserCommand, type User } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useNavigate } from "react-router";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { type Column, LongTable } from "../../shell/long_table";
import { text } from "../../text";
import { useUsers } from "./queries";

const words = text.users;
const USER_NAME = /^[\w+=,.@-]{1,64}$/;

const COLUMNS: Column<User>[] = [
  {
    id: "name",
    name: words.name,
    header: words.name,
    cell: (user) => <PageLink to={paths.user(nameOf(user))}>{nameOf(user)}</PageLink>,
    sortingComparator: (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
    isRowHeader: true,
  },
  { id: "path", name: words.path, header: words.path, cell: (user) => user.Path ?? "/" },
  {
    id: "created",
    name: words.created,
    header: words.created,
    cell: (user) => formatTime(user.CreateDate),
    sortingComparator: (one, other) => (one.CreateDate?.getTime() ?? 0) - (other.CreateDate?.getTime() ?? 0),
  },
  { id: "arn", name: words.arn, header: words.arn, cell: (user) => <Copyable value={user.Arn ?? ""} /> },
];

export function UsersPage(): ReactNode {
  const listing = useUsers();
  const [isCreating, setCreating] = useState(false);
  return (
    <ContentLayout>
      <LongTable
        id="users"
        columns={COLUMNS}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={nameOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        ariaLabel={words.title}
        sortedBy="name"
        empty={<Box textAlign="center">{words.none}</Box>}
        header={(counter) => (
          <Header
            variant="h1"
            counter={counter}
            description={words.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={listing.refresh} />
                <Button variant="primary" onClick={() => setCreating(true)}>
                  {words.create}
                </Button>
              </SpaceBetween>
            }
          >
            {words.title}
          </Header>
        )}
      />
      {isCreating && <CreateUser onClose={() => setCreating(false)} />}
    </ContentLayout>
  );
}

function CreateUser({ onClose }: { onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const form = useId();
  const isRight = USER_NAME.test(name);
  const create = useMutation({
    mutationFn: () => iam.send(new CreateUserCommand({ UserName: name })),
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.user(name));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRight && !create.isPending) {
      create.mutate();
    }
  };
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={words.create}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button
              variant="primary"
              form={form}
              formAction="submit"
              disabled={!isRight}
              loading={create.isPending}
            >
              {words.createButton}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id={form} onSubmit={submit}>
        <SpaceBetween size="m">
          <FaultAlert failure={create.error} />
          <FormField
            label={words.name}
            constraintText={words.nameConstraint}
            errorText={name !== "" && !isRight ? words.wrongName : undefined}
          >
            <Input
              value={name}
              onChange={({ detail }) => setName(detail.value)}
              spellcheck={false}
              autoComplete={false}
              autoFocus
            />
          </FormField>
        </SpaceBetween>
      </form>
    </Modal>
  );
}

function haystackOf(user: User): string {
  return nameOf(user).toLowerCase();
}

function nameOf(user: User): string {
  return user.UserName ?? "";
}
