/** One user: keys, policies, and the end of it. */

import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";
import { AccessKeys } from "./access_keys";
import { AttachedPolicies } from "./attached_policies";
import { InlinePolicies } from "./inline_policies";
import { useAccessKeys, useAttachedPolicies, useGroupNames, useInlinePolicies, useUser } from "./queries";

const words = text.users;

export function UserPage(): ReactNode {
  const name = useParams().name ?? "";
  const user = useUser(name);
  const groups = useGroupNames(name);
  const [isDeleting, setDeleting] = useState(false);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <Button disabled={!user.data} onClick={() => setDeleting(true)}>
              {words.delete}
            </Button>
          }
        >
          {name}
        </Header>
      }
    >
      <FaultAlert failure={user.error} />
      {user.isPending && <Spinner size="large" />}
      {user.data && (
        <SpaceBetween size="l">
          <Container>
            <KeyValuePairs
              columns={3}
              items={[
                { label: words.arn, value: <Copyable value={user.data.Arn ?? ""} /> },
                { label: words.created, value: formatTime(user.data.CreateDate) },
                { label: words.groups, value: groups.data?.join(", ") || "–" },
              ]}
            />
          </Container>
          <AccessKeys user={name} />
          <AttachedPolicies user={name} />
          <InlinePolicies user={name} />
        </SpaceBetween>
      )}
      {isDeleting && <DeleteUser name={name} onClose={() => setDeleting(false)} />}
    </ContentLayout>
  );
}

function DeleteUser({ name, onClose }: { name: string; onClose: () => void }): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const keys = useAccessKeys(name);
  const attached = useAttachedPolicies(name);
  const inline = useInlinePolicies(name);
  const groups = useGroupNames(name);
  const isKnown = keys.data && attached.data && inline.data && groups.data;
  const remove = useMutation({
    // IAM deletes a user that has nothing any more.
    mutationFn: async () => {
      for (const key of keys.data ?? []) {
        await iam.send(new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: key.AccessKeyId }));
      }
      for (const policy of attached.data ?? []) {
        await iam.send(new DetachUserPolicyCommand({ UserName: name, PolicyArn: policy.PolicyArn }));
      }
      for (const policy of inline.data ?? []) {
        await iam.send(new DeleteUserPolicyCommand({ UserName: name, PolicyName: policy }));
      }
      for (const group of groups.data ?? []) {
        await iam.send(new RemoveUserFromGroupCommand({ UserName: name, GroupName: group }));
      }
      await iam.send(new DeleteUserCommand({ UserName: name }));
    },
    onSuccess: () => {
      queries.clear();
      tellSuccess(words.deleted(name));
      navigate(paths.users);
    },
  });
  return (
    <Confirmation
      title={words.deleteTitle(name)}
      warning={words.deleteWarning}
      phrase={name}
      button={text.delete}
      isPending={remove.isPending || !isKnown}
      failure={remove.error ?? keys.error ?? attached.error ?? inline.error ?? groups.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
