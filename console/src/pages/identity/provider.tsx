/** One issuer of identity tokens: whom its tokens have to be for, and which roles they open. */

import {
  AddClientIDToOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  type Role,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { useNavigate, useParams } from "react-router";
import { readDocument } from "../../api/identities";
import { thumbprintOf } from "../../domain/providers";
import { issuerOf, openingsFor } from "../../domain/trust";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { Lines } from "../../shell/lines";
import { PageLink } from "../../shell/links";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { AcceptedTable, CLIENTS, THUMBPRINTS } from "./accepted";
import { IdentityPage } from "./identity_page";
import { useProvider, useRoles } from "./queries";

const words = text.providers;

export function ProviderPage(): ReactNode {
  const arn = useParams()["*"] ?? "";
  const { iam } = useClients();
  const queries = useQueryClient();
  const provider = useProvider(arn);
  const name = issuerOf(arn);
  const { ClientIDList: clients = [], ThumbprintList: thumbprints = [] } = provider.data ?? {};
  const which = { OpenIDConnectProviderArn: arn };
  const setThumbprints = (ThumbprintList: string[]) =>
    iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...which, ThumbprintList }));
  const look = () => queries.invalidateQueries({ queryKey: ["provider", arn] });
  return (
    <IdentityPage
      name={name}
      words={words}
      isKnown={provider.data !== undefined}
      failure={provider.error}
      facts={[
        { label: words.url, value: <Copyable value={`https://${name}`} /> },
        { label: words.arn, value: <Copyable value={arn} /> },
        { label: words.created, value: formatTime(provider.data?.CreateDate) },
      ]}
      onDelete={() => iam.send(new DeleteOpenIDConnectProviderCommand(which))}
      listing={paths.providers}
    >
      <AcceptedTable
        list={CLIENTS}
        values={clients}
        onAdd={(ClientID) => iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...which, ClientID }))}
        onRemove={(ClientID) =>
          iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...which, ClientID }))
        }
        onSettled={look}
      />
      <TrustingRoles arn={arn} audience={clients[0] ?? ""} />
      <AcceptedTable
        list={THUMBPRINTS}
        values={thumbprints}
        onAdd={(entered) => setThumbprints([...thumbprints, thumbprintOf(entered)])}
        onRemove={(gone) => setThumbprints(thumbprints.filter((one) => one !== gone))}
        onSettled={look}
      />
    </IdentityPage>
  );
}

interface Opening {
  role: string;
  conditions: string[];
}

function openingsIn(roles: readonly Role[], arn: string): Opening[] {
  return roles.flatMap((role) =>
    openingsFor(arn, readDocument(role.AssumeRolePolicyDocument)).map((conditions) => ({
      role: role.RoleName ?? "",
      conditions,
    })),
  );
}

function TrustingRoles({ arn, audience }: { arn: string; audience: string }): ReactNode {
  const navigate = useNavigate();
  const { entries, isComplete, failure } = useRoles();
  const openings = useMemo(() => openingsIn(entries, arn), [entries, arn]);
  return (
    <ShortTable
      title={words.roles}
      description={words.rolesDescription}
      rows={isComplete ? openings : undefined}
      failure={failure}
      empty={words.noRoles}
      columns={[
        {
          id: "role",
          header: text.roles.name,
          cell: ({ role }) => <PageLink to={paths.role(role)}>{role}</PageLink>,
          isRowHeader: true,
        },
        {
          id: "conditions",
          header: text.policies.conditions,
          cell: ({ conditions }) => <Lines lines={conditions} />,
        },
      ]}
      actions={
        <Button onClick={() => navigate(paths.createRoleFor(arn, audience))}>{words.createRole}</Button>
      }
    />
  );
}
