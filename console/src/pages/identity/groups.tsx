/** The account's groups. */

import { CreateGroupCommand, type Group } from "@aws-sdk/client-iam";
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
import { useGroups } from "./queries";

const words = text.groups;
const LONGEST_NAME = 128;

const COLUMNS: Column<Group>[] = [
  {
    id: "name",
    name: words.name,
    header: words.name,
    cell: (group) => <PageLink to={paths.group(nameOf(group))}>{nameOf(group)}</PageLink>,
    sortingComparator: (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1),
    isRowHeader: true,
  },
  {
    id: "created",
    name: words.created,
    header: words.created,
    cell: (group) => formatTime(group.CreateDate),
    sortingComparator: (one, other) => (one.CreateDate?.getTime() ?? 0) - (other.CreateDate?.getTime() ?? 0),
  },
  { id: "arn", name: words.arn, header: words.arn, cell: (group) => <Copyable value={group.Arn ?? ""} /> },
];

export function GroupsPage(): ReactNode {
  const listing = useGroups();
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListingPage
        id="groups"
        words={words}
        columns={COLUMNS}
        listing={listing}
        nameOf={nameOf}
        onCreate={() => setCreating(true)}
      />
      {isCreating && <CreateGroup onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateGroup({ onClose }: { onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (name: string) => iam.send(new CreateGroupCommand({ GroupName: name })),
    onSuccess: (_, name) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.group(name));
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

function nameOf(group: Group): string {
  return group.GroupName ?? "";
}
