/** One user: keys, groups, policies, and the end of it. */

import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import type { ReactNode } from "react";
import { useParams } from "react-router";
import { type Identity, stripPolicies } from "../../api/identities";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { text } from "../../text";
import { AccessKeys } from "./access_keys";
import { AttachedPolicies } from "./attached_policies";
import { Boundary } from "./boundary";
import { IdentityPage } from "./identity_page";
import { IdentityTags } from "./identity_tags";
import { InlinePolicies } from "./inline_policies";
import { GroupsOfUser } from "./memberships";
import { useUser } from "./queries";
import { RenameButton } from "./rename_button";

const words = text.users;

export function UserPage(): ReactNode {
  const name = useParams().name ?? "";
  const { iam } = useClients();
  const user = useUser(name);
  const identity: Identity = { kind: "user", name };
  // IAM deletes a user that has nothing any more.
  const remove = async () => {
    const { AccessKeyMetadata: keys = [] } = await iam.send(new ListAccessKeysCommand({ UserName: name }));
    for (const key of keys) {
      await iam.send(new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: key.AccessKeyId }));
    }
    await stripPolicies(iam, identity);
    const { Groups: groups = [] } = await iam.send(new ListGroupsForUserCommand({ UserName: name }));
    for (const group of groups) {
      await iam.send(new RemoveUserFromGroupCommand({ UserName: name, GroupName: group.GroupName }));
    }
    await iam.send(new DeleteUserCommand({ UserName: name }));
  };
  return (
    <IdentityPage
      name={name}
      words={words}
      isKnown={Boolean(user.data)}
      failure={user.error}
      facts={[
        { label: words.arn, value: <Copyable value={user.data?.Arn ?? ""} /> },
        { label: words.created, value: formatTime(user.data?.CreateDate) },
        { label: words.path, value: user.data?.Path ?? "/" },
        {
          label: text.boundaries.title,
          value: <Boundary of={{ kind: "user", name }} boundary={user.data?.PermissionsBoundary} />,
        },
      ]}
      actions={<RenameButton kind="user" name={name} />}
      onDelete={remove}
      listing={paths.users}
    >
      <AccessKeys user={name} />
      <GroupsOfUser user={name} />
      <AttachedPolicies identity={identity} />
      <InlinePolicies identity={identity} />
      <IdentityTags of={{ kind: "user", name }} tags={user.data?.Tags} />
    </IdentityPage>
  );
}
