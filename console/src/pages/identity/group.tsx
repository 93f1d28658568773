/** One group: its members and policies, and the end of it. */

import { DeleteGroupCommand, RemoveUserFromGroupCommand } from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useParams } from "react-router";
import { type Identity, stripPolicies } from "../../api/identities";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { text } from "../../text";
import { AttachedPolicies } from "./attached_policies";
import { IdentityPage } from "./identity_page";
import { InlinePolicies } from "./inline_policies";
import { MembersOfGroup } from "./memberships";
import { useGroup } from "./queries";
import { RenameButton } from "./rename_button";

const words = text.groups;

export function GroupPage(): ReactNode {
  const name = useParams().name ?? "";
  const { iam } = useClients();
  const found = useGroup(name);
  const identity: Identity = { kind: "group", name };
  const members = (found.data?.members ?? []).map((user) => user.UserName ?? "");
  const remove = async () => {
    for (const member of members) {
      await iam.send(new RemoveUserFromGroupCommand({ UserName: member, GroupName: name }));
    }
    await stripPolicies(iam, identity);
    await iam.send(new DeleteGroupCommand({ GroupName: name }));
  };
  return (
    <IdentityPage
      name={name}
      words={words}
      isKnown={found.data !== undefined}
      failure={found.error}
      facts={[
        { label: words.arn, value: <Copyable value={found.data?.group.Arn ?? ""} /> },
        { label: words.created, value: formatTime(found.data?.group.CreateDate) },
      ]}
      actions={<RenameButton kind="group" name={name} />}
      onDelete={remove}
      listing={paths.groups}
    >
      <MembersOfGroup group={name} members={members} />
      <AttachedPolicies identity={identity} />
      <InlinePolicies identity={identity} />
    </IdentityPage>
  );
}
