/** The account's users. */

import { CreateUserCommand, type User } from "@aws-sdk/client-iam";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { PageLink } from "../../shell/links";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { ListingPage } from "./listing_page";
import { NameDialog } from "./name_dialog";
import { useUsers } from "./queries";

const words = text.users;
const LONGEST_NAME = 64;

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
    <>
      <ListingPage
        id="users"
        words={words}
        columns={COLUMNS}
        listing={listing}
        nameOf={nameOf}
        onCreate={() => setCreating(true)}
      />
      {isCreating && <CreateUser onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateUser({ onClose }: { onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (name: string) => iam.send(new CreateUserCommand({ UserName: name })),
    onSuccess: (_, name) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.user(name));
    },
  });
  return (
    <NameDialog
      title={words.create}
      label={words.name}
      longest={LONGEST_NAME}
      isPending={create.isPending}
      failure={create.error}
      onName={create.mutate}
      onClose={onClose}
    />
  );
}

function nameOf(user: User): string {
  return user.UserName ?? "";
}
