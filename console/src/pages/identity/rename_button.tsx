/** Gives a user or a group another name; IAM renames nothing else. */

import { UpdateGroupCommand, UpdateUserCommand } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { text } from "../../text";
import { LONGEST_NAME } from "./longest_name";
import { NameDialog } from "./name_dialog";

export function RenameButton({ kind, name }: { kind: "user" | "group"; name: string }): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const rename = useMutation({
    mutationFn: (wanted: string) =>
      kind === "user"
        ? iam.send(new UpdateUserCommand({ UserName: name, NewUserName: wanted }))
        : iam.send(new UpdateGroupCommand({ GroupName: name, NewGroupName: wanted })),
    onSuccess: (_, wanted) => {
      setAsking(false);
      queries.clear();
      navigate(paths[kind](wanted), { replace: true });
    },
  });
  return (
    <>
      <Button onClick={() => setAsking(true)}>{text.identityName.rename}</Button>
      {isAsking && (
        <NameDialog
          title={text.identityName.renameTitle(name)}
          button={text.identityName.rename}
          label={text.identityName.name}
          longest={LONGEST_NAME[kind]}
          name={name}
          isPending={rename.isPending}
          failure={rename.error}
          onName={rename.mutate}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
