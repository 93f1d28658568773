/** One role: who may take it on, what it may do, and the sessions that it has. */

import { DeleteRoleCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useParams } from "react-router";
import { type Identity, stripPolicies } from "../../api/identities";
import { all } from "../../api/listing";
import { hoursOf } from "../../domain/session_hours";
import { formatCount, formatTime, momentOf } from "../../format";
import { paths } from "../../paths";
import { useClients, useEntrepot } from "../../session/context";
import { SwitchRoleDialog } from "../../session/dialogs";
import { Copyable } from "../../shell/copyable";
import { GuardedButton } from "../../shell/guarded_button";
import { useNotices } from "../../shell/notifications";
import { PolicyEditor } from "../../shell/policy_editor";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { AttachedPolicies } from "./attached_policies";
import { Boundary } from "./boundary";
import { EditRole } from "./edit_role";
import { IdentityPage } from "./identity_page";
import { IdentityTags } from "./identity_tags";
import { InlinePolicies } from "./inline_policies";
import { useRole } from "./queries";

const words = text.roles;

export function RolePage(): ReactNode {
  const name = useParams().name ?? "";
  const { iam } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const role = useRole(name);
  const [isSwitching, setSwitching] = useState(false);
  const [isEditing, setEditing] = useState(false);
  const identity: Identity = { kind: "role", name };
  const remove = async () => {
    await stripPolicies(iam, identity);
    await iam.send(new DeleteRoleCommand({ RoleName: name }));
  };
  const arn = role.data?.Arn ?? "";
  return (
    <IdentityPage
      name={name}
      words={words}
      isKnown={Boolean(role.data)}
      failure={role.error}
      facts={[
        { label: words.arn, value: <Copyable value={arn} /> },
        { label: words.purpose, value: role.data?.Description || "–" },
        { label: words.created, value: formatTime(role.data?.CreateDate) },
        { label: words.hours, value: formatCount(hoursOf(role.data?.MaxSessionDuration)) },
        {
          label: text.boundaries.title,
          value: <Boundary of={{ kind: "role", name }} boundary={role.data?.PermissionsBoundary} />,
        },
        { label: words.used, value: formatTime(role.data?.RoleLastUsed?.LastUsedDate) },
      ]}
      actions={
        <>
          <Button onClick={() => setSwitching(true)}>{words.switch}</Button>
          <Button disabled={!role.data} onClick={() => setEditing(true)}>
            {text.edit}
          </Button>
        </>
      }
      onDelete={remove}
      listing={paths.roles}
    >
      <PolicyEditor
        title={words.trust}
        description={words.trustDescription}
        kind="resource"
        policy={role.data?.AssumeRolePolicyDocument}
        failure={null}
        example=""
        onSave={async (document) => {
          await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: document }));
          await queries.invalidateQueries({ queryKey: ["role", name], exact: true });
          tellSuccess(words.trustSaved);
        }}
      />
      <AttachedPolicies identity={identity} />
      <InlinePolicies identity={identity} />
      <RoleSessions arn={arn} />
      <IdentityTags of={{ kind: "role", name }} tags={role.data?.Tags} />
      {isEditing && role.data && <EditRole role={role.data} onClose={() => setEditing(false)} />}
      {isSwitching && <SwitchRoleDialog role={placeOf(arn)} onClose={() => setSwitching(false)} />}
    </IdentityPage>
  );
}

function placeOf(arn: string): { account: string; name: string } {
  return { account: arn.split(":")[4] ?? "", name: arn.split(":role/")[1] ?? "" };
}

function RoleSessions({ arn }: { arn: string }): ReactNode {
  const call = useEntrepot();
  const { tellSuccess } = useNotices();
  const sessions = useQuery({
    queryKey: ["role-sessions", arn],
    queryFn: ({ signal }) =>
      all(async (nextToken) => {
        const page = await call("ListSessions", { principalArn: arn, nextToken }, signal);
        return { entries: page.sessions ?? [], next: page.nextToken };
      }),
  });
  const revoke = async () => {
    const done = await call("RevokeTokens", { principalArn: arn });
    tellSuccess(words.revoked(formatCount(done.sessionCount ?? 0)));
    await sessions.refetch();
  };
  return (
    <ShortTable
      title={words.sessions}
      rows={sessions.data}
      failure={sessions.error}
      empty={words.noSessions}
      columns={[
        { id: "id", header: text.sessions.id, cell: (one) => one.accessKeyId, isRowHeader: true },
        { id: "principal", header: text.sessions.principal, cell: (one) => one.principalArn },
        {
          id: "created",
          header: text.sessions.created,
          cell: (one) => formatTime(momentOf(one.createdAt)),
        },
        {
          id: "expires",
          header: text.sessions.expires,
          cell: (one) => formatTime(momentOf(one.expiresAt)),
        },
      ]}
      actions={
        <GuardedButton
          title={words.revoke}
          warning={words.revokeWarning}
          phrase={words.revokePhrase}
          confirmLabel={words.revoke}
          onConfirm={revoke}
        >
          {words.revoke}
        </GuardedButton>
      }
    />
  );
}
