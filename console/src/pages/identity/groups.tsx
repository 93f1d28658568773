/** The account's groups. */

import { CreateGroupCommand, type Group } from "@aws-sdk/client-iam";
import { type ReactNode, useState } from "react";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { timeColumn } from "../../shell/columns";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { arnColumn, nameColumn } from "./columns";
import { CreateDialog } from "./create_dialog";
import { ListingPage } from "./listing_page";
import { LONGEST_NAME } from "./longest_name";
import { useGroups } from "./queries";

const words = text.groups;

const COLUMNS: Column<Group>[] = [
  nameColumn(words.name, nameOf, (group) => paths.group(nameOf(group))),
  timeColumn("created", words.created, (group) => group.CreateDate),
  arnColumn((group) => group.Arn),
];

export function GroupsPage(): ReactNode {
  const { iam } = useClients();
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListingPage
        id="groups"
        words={words}
        columns={COLUMNS}
        listing={useGroups()}
        nameOf={nameOf}
        onCreate={() => setCreating(true)}
      />
      {isCreating && (
        <CreateDialog
          words={words}
          longest={LONGEST_NAME.group}
          onCreate={(name) => iam.send(new CreateGroupCommand({ GroupName: name }))}
          pathOf={paths.group}
          onClose={() => setCreating(false)}
        />
      )}
    </>
  );
}

function nameOf(group: Group): string {
  return group.GroupName ?? "";
}
