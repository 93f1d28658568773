/** One issuer of identity tokens: whom its tokens have to be for, and which roles they open. */

import {
  AddClientIDToOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { readDocument } from "../../api/identities";
import {
  isClientId,
  isThumbprint,
  MOST_CLIENTS,
  MOST_THUMBPRINTS,
  thumbprintOf,
} from "../../domain/providers";
import { issuerOf, openingsFor } from "../../domain/trust";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { Lines } from "../../shell/lines";
import { PageLink } from "../../shell/links";
import { ShortTable } from "../../shell/short_table";
import { TextDialog } from "../../shell/text_dialog";
import { text } from "../../text";
import { IdentityPage } from "./identity_page";
import { useProvider, useRoles } from "./queries";

const words = text.providers;

export function ProviderPage(): ReactNode {
  const arn = useParams()["*"] ?? "";
  const { iam } = useClients();
  const provider = useProvider(arn);
  const name = issuerOf(arn);
  const { ClientIDList: clients = [], ThumbprintList: thumbprints = [] } = provider.data ?? {};
  const setThumbprints = (wanted: string[]) =>
    iam.send(
      new UpdateOpenIDConnectProviderThumbprintCommand({
        OpenIDConnectProviderArn: arn,
        ThumbprintList: wanted,
      }),
    );
  const remove = async () => {
    await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }));
  };
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
      onDelete={remove}
      listing={paths.providers}
    >
      <Accepted
        arn={arn}
        title={words.clients}
        description={words.clientsDescription}
        label={words.client}
        add={words.addClient}
        empty={words.noClients}
        values={clients}
        most={MOST_CLIENTS}
        complaintAbout={(entered) => (isClientId(entered) ? null : words.wrongClient)}
        onAdd={(ClientID) =>
          iam.send(new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn, ClientID }))
        }
        onRemove={(ClientID) =>
          iam.send(
            new RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn, ClientID }),
          )
        }
      />
      <TrustingRoles arn={arn} audience={clients[0] ?? ""} />
      <Accepted
        arn={arn}
        title={words.thumbprints}
        description={words.thumbprintsDescription}
        label={words.thumbprint}
        add={words.addThumbprint}
        empty={words.noThumbprints}
        values={thumbprints}
        most={MOST_THUMBPRINTS}
        complaintAbout={(entered) => (isThumbprint(thumbprintOf(entered)) ? null : words.wrongThumbprint)}
        onAdd={(entered) => setThumbprints([...thumbprints, thumbprintOf(entered)])}
        onRemove={(gone) => setThumbprints(thumbprints.filter((one) => one !== gone))}
      />
    </IdentityPage>
  );
}

/** What a provider accepts of one sort, to add to and to take from. */
function Accepted(props: {
  arn: string;
  title: string;
  description: string;
  label: string;
  add: string;
  empty: string;
  values: string[];
  most: number;
  complaintAbout: (entered: string) => string | null;
  onAdd: (entered: string) => Promise<unknown>;
  onRemove: (value: string) => Promise<unknown>;
}): ReactNode {
  const { arn, title, description, label, add, empty, values, most, complaintAbout, onAdd, onRemove } = props;
  const queries = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const look = () => queries.invalidateQueries({ queryKey: ["provider", arn] });
  const adding = useMutation({ mutationFn: onAdd, onSuccess: () => setAdding(false), onSettled: look });
  const removing = useMutation({ mutationFn: onRemove, onSettled: look });
  return (
    <>
      <ShortTable
        title={title}
        description={description}
        rows={values}
        most={most}
        failure={removing.error}
        empty={empty}
        columns={[
          { id: "value", header: label, cell: (value) => value, isRowHeader: true },
          {
            id: "actions",
            header: text.attachedPolicies.actions,
            cell: (value) => (
              <Button
                variant="inline-link"
                ariaLabel={text.removeOne(value)}
                onClick={() => removing.mutate(value)}
              >
                {text.remove}
              </Button>
            ),
          },
        ]}
        actions={
          <Button disabled={values.length >= most} onClick={() => setAdding(true)}>
            {add}
          </Button>
        }
      />
      {isAdding && (
        <TextDialog
          title={add}
          button={words.addButton}
          label={label}
          complaintAbout={complaintAbout}
          isPending={adding.isPending}
          failure={adding.error}
          onText={adding.mutate}
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}

interface Opening {
  role: string;
  conditions: string[];
}

function TrustingRoles({ arn, audience }: { arn: string; audience: string }): ReactNode {
  const navigate = useNavigate();
  const { entries, isComplete, failure } = useRoles();
  const openings: Opening[] = entries.flatMap((role) =>
    openingsFor(arn, readDocument(role.AssumeRolePolicyDocument)).map((conditions) => ({
      role: role.RoleName ?? "",
      conditions,
    })),
  );
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
