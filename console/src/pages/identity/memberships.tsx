/** Which users are in which groups, from both sides. */

import { AddUserToGroupCommand, RemoveUserFromGroupCommand } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import type { SelectProps } from "@cloudscape-design/components/select";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { ChoiceDialog } from "../../shell/choice_dialog";
import { PageLink } from "../../shell/links";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { useGroupNames, useGroups, useUsers } from "./queries";

const words = text.groups;

interface Membership {
  user: string;
  group: string;
}

export function GroupsOfUser({ user }: { user: string }): ReactNode {
  const groups = useGroupNames(user);
  const all = useGroups();
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <Memberships
        title={words.of}
        addLabel={words.addTo}
        failure={groups.error}
        memberships={groups.data?.map((group) => ({ user, group }))}
        cell={({ group }) => <PageLink to={paths.group(group)}>{group}</PageLink>}
        column={words.name}
        empty={words.none}
        onAdd={() => setAdding(true)}
      />
      {isAdding && (
        <AddMembership
          title={words.addTo}
          label={words.name}
          options={optionsOf(all.entries.map((group) => group.GroupName ?? ""))}
          isLoading={!all.isComplete}
          failure={all.failure}
          membershipOf={(group) => ({ user, group })}
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}

export function MembersOfGroup(props: { group: string; members: string[] }): ReactNode {
  const { group, members } = props;
  const all = useUsers();
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <Memberships
        title={words.members}
        description={words.membersDescription}
        addLabel={words.add}
        failure={null}
        memberships={members.map((user) => ({ user, group }))}
        cell={({ user }) => <PageLink to={paths.user(user)}>{user}</PageLink>}
        column={words.user}
        empty={words.noMembers}
        onAdd={() => setAdding(true)}
      />
      {isAdding && (
        <AddMembership
          title={words.add}
          label={words.user}
          options={optionsOf(all.entries.map((user) => user.UserName ?? ""))}
          isLoading={!all.isComplete}
          failure={all.failure}
          membershipOf={(user) => ({ user, group })}
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}

function Memberships(props: {
  title: string;
  description?: string;
  addLabel: string;
  failure: unknown;
  memberships: Membership[] | undefined;
  cell: (membership: Membership) => ReactNode;
  column: string;
  empty: string;
  onAdd: () => void;
}): ReactNode {
  const { title, description, addLabel, failure, memberships, cell, column, empty, onAdd } = props;
  const { iam } = useClients();
  const look = useLook();
  const leave = useMutation({
    mutationFn: ({ user, group }: Membership) =>
      iam.send(new RemoveUserFromGroupCommand({ UserName: user, GroupName: group })),
    onSettled: (_, __, membership) => look(membership),
  });
  return (
    <ShortTable
      title={title}
      description={description}
      rows={memberships}
      failure={failure ?? leave.error}
      empty={empty}
      columns={[
        { id: "name", header: column, cell, isRowHeader: true },
        {
          id: "actions",
          header: text.attachedPolicies.actions,
          cell: (membership) => (
            <Button
              variant="inline-link"
              ariaLabel={words.leave(membership.user, membership.group)}
              onClick={() => leave.mutate(membership)}
            >
              {text.remove}
            </Button>
          ),
        },
      ]}
      actions={<Button onClick={onAdd}>{addLabel}</Button>}
    />
  );
}

function AddMembership(props: {
  title: string;
  label: string;
  options: SelectProps.Option[];
  isLoading: boolean;
  failure: unknown;
  membershipOf: (chosen: string) => Membership;
  onClose: () => void;
}): ReactNode {
  const { title, label, options, isLoading, failure, membershipOf, onClose } = props;
  const { iam } = useClients();
  const look = useLook();
  const add = useMutation({
    mutationFn: ({ user, group }: Membership) =>
      iam.send(new AddUserToGroupCommand({ UserName: user, GroupName: group })),
    onSuccess: onClose,
    onSettled: (_, __, membership) => look(membership),
  });
  return (
    <ChoiceDialog
      title={title}
      button={words.addButton}
      label={label}
      options={options}
      isLoading={isLoading}
      isPending={add.isPending}
      failure={failure ?? add.error}
      onChoose={(chosen) => add.mutate(membershipOf(chosen))}
      onClose={onClose}
    />
  );
}

function useLook(): (membership: Membership) => void {
  const queries = useQueryClient();
  return ({ user, group }) => {
    void queries.invalidateQueries({ queryKey: ["user", user, "groups"] });
    void queries.invalidateQueries({ queryKey: ["group", group], exact: true });
  };
}

function optionsOf(names: string[]): SelectProps.Option[] {
  return names.map((name) => ({ value: name, label: name }));
}
