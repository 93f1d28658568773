/** The account's users. */

import { CreateUserCommand, type User } from "@aws-sdk/client-iam";
import { type ReactNode, useState } from "react";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { textColumn, timeColumn } from "../../shell/columns";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { BoundaryField } from "./boundary";
import { arnColumn, nameColumn } from "./columns";
import { CreateDialog } from "./create_dialog";
import { ListingPage } from "./listing_page";
import { LONGEST_NAME } from "./longest_name";
import { useUsers } from "./queries";

const words = text.users;

const COLUMNS: Column<User>[] = [
  nameColumn(words.name, nameOf, (user) => paths.user(nameOf(user))),
  textColumn("path", words.path, (user) => user.Path ?? "/"),
  timeColumn("created", words.created, (user) => user.CreateDate),
  arnColumn((user) => user.Arn),
];

export function UsersPage(): ReactNode {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListingPage
        id="users"
        words={words}
        columns={COLUMNS}
        listing={useUsers()}
        nameOf={nameOf}
        onCreate={() => setCreating(true)}
      />
      {isCreating && <CreateUser onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateUser({ onClose }: { onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const [boundary, setBoundary] = useState("");
  const limit = boundary === "" ? {} : { PermissionsBoundary: boundary };
  return (
    <CreateDialog
      words={words}
      longest={LONGEST_NAME.user}
      onCreate={(name) => iam.send(new CreateUserCommand({ UserName: name, ...limit }))}
      pathOf={paths.user}
      onClose={onClose}
    >
      <BoundaryField value={boundary} onChange={setBoundary} />
    </CreateDialog>
  );
}

function nameOf(user: User): string {
  return user.UserName ?? "";
}
