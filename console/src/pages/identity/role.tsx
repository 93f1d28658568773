/** One role: who may take it on, what it may do, and the sessions that it has. */

import { DeleteRoleCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { type Identity, stripPolicies } from "../../api/identities";
import { all } from "../../api/listing";
import { formatCount, formatTime, momentOf } from "../../format";
import { paths } from "../../paths";
import { useClients, useEntrepot } from "../../session/context";
import { SwitchRoleDialog } from "../../session/dialogs";
import { Confirmation } from "../../shell/confirmation";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { PolicyEditor } from "../../shell/policy_editor";
import { text } from "../../text";
import { AttachedPolicies } from "./attached_policies";
import { Boundary } from "./boundary";
import { IdentityPage } from "./identity_page";
import { InlinePolicies } from "./inline_policies";
import { useRole } from "./queries";

const words = text.roles;
const HOUR = 3600;

export function RolePage(): ReactNode {
  const name = useParams().name ?? "";
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const role = useRole(name);
  const [isSwitching, setSwitching] = useState(false);
  const identity: Identity = { kind: "role", name };
  const remove = useMutation({
    mutationFn: async () => {
      await stripPolicies(iam, identity);
      await iam.send(new DeleteRoleCommand({ RoleName: name }));
    },
    onSuccess: () => {
      queries.clear();
      tellSuccess(words.deleted(name));
      navigate(paths.roles);
    },
  });
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
        { label: words.hours, value: formatCount((role.data?.MaxSessionDuration ?? HOUR) / HOUR) },
        { label: text.users.boundary, value: <Boundary boundary={role.data?.PermissionsBoundary} /> },
        { label: words.used, value: formatTime(role.data?.RoleLastUsed?.LastUsedDate) },
      ]}
      actions={<Button onClick={() => setSwitching(true)}>{words.switch}</Button>}
      removal={remove}
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
  const [isRevoking, setRevoking] = useState(false);
  const sessions = useQuery({
    queryKey: ["role-sessions", arn],
    queryFn: ({ signal }) =>
      all(async (nextToken) => {
        const page = await call("ListSessions", { principalArn: arn, nextToken }, signal);
        return { entries: page.sessions ?? [], next: page.nextToken };
      }),
  });
  const revoke = useMutation({
    mutationFn: () => call("RevokeTokens", { principalArn: arn }),
    onSuccess: async (done) => {
      setRevoking(false);
      tellSuccess(words.revoked(formatCount(done.sessionCount ?? 0)));
      await sessions.refetch();
    },
  });
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={sessions.error} />
      <Table
        items={sessions.data ?? []}
        loading={sessions.isPending}
        loadingText={text.table.loading}
        ariaLabels={{ tableLabel: words.sessions }}
        columnDefinitions={[
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
        header={
          <Header
            variant="h2"
            counter={`(${sessions.data?.length ?? 0})`}
            actions={<Button onClick={() => setRevoking(true)}>{words.revoke}</Button>}
          >
            {words.sessions}
          </Header>
        }
        empty={<Box textAlign="center">{words.noSessions}</Box>}
      />
      {isRevoking && (
        <Confirmation
          title={words.revoke}
          warning={words.revokeWarning}
          phrase={words.revokePhrase}
          button={words.revoke}
          isPending={revoke.isPending}
          failure={revoke.error}
          onConfirm={() => revoke.mutate()}
          onClose={() => setRevoking(false)}
        />
      )}
    </SpaceBetween>
  );
}
