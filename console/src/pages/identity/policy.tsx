/** One managed policy: its document, its versions, and who has it. */

import {
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  type PolicyVersion,
  SetDefaultPolicyVersionCommand,
} from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type UseQueryResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useParams } from "react-router";
import type { Identity } from "../../api/identities";
import { indentJson } from "../../domain/policy";
import { formatTime } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Buttons } from "../../shell/buttons";
import { Copyable } from "../../shell/copyable";
import { InfoDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { JsonText } from "../../shell/json_text";
import { PageLink } from "../../shell/links";
import { useNotices } from "../../shell/notifications";
import { PolicyEditor } from "../../shell/policy_editor";
import { ShortTable } from "../../shell/short_table";
import { text } from "../../text";
import { IdentityPage } from "./identity_page";
import { IdentityTags } from "./identity_tags";
import { isOwn } from "./policies";
import { useHolders, usePolicy, usePolicyVersion, usePolicyVersions } from "./queries";

const words = text.managedPolicies;
const MOST_VERSIONS = 5; // IAM's quota for a policy

export function PolicyPage(): ReactNode {
  const arn = useParams()["*"] ?? "";
  const { iam } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const found = usePolicy(arn);
  const versions = usePolicyVersions(arn);
  const name = arn.split("/").at(-1) ?? arn;
  // IAM deletes a policy that has one version only.
  const remove = async () => {
    for (const version of versions.data ?? []) {
      if (!version.IsDefaultVersion) {
        await iam.send(new DeletePolicyVersionCommand({ PolicyArn: arn, VersionId: version.VersionId }));
      }
    }
    await iam.send(new DeletePolicyCommand({ PolicyArn: arn }));
  };
  const save = async (document: string) => {
    await iam.send(
      new CreatePolicyVersionCommand({ PolicyArn: arn, PolicyDocument: document, SetAsDefault: true }),
    );
    await queries.invalidateQueries({ queryKey: ["policy", arn] });
    tellSuccess(words.saved);
  };
  const policy = found.data?.policy;
  return (
    <IdentityPage
      name={name}
      words={words}
      isKnown={found.data !== undefined}
      failure={found.error}
      facts={[
        { label: words.arn, value: <Copyable value={arn} /> },
        { label: words.purpose, value: policy?.Description || "–" },
        { label: words.version, value: policy?.DefaultVersionId ?? "–" },
        { label: words.created, value: formatTime(policy?.CreateDate) },
        { label: words.changed, value: formatTime(policy?.UpdateDate) },
      ]}
      onDelete={isOwn(arn) ? remove : null}
      listing={paths.policies}
    >
      <PolicyEditor
        title={text.policies.document}
        description={isOwn(arn) ? words.most : words.description}
        kind="identity"
        policy={found.data?.document}
        failure={null}
        example=""
        {...(isOwn(arn) ? { onSave: save } : {})}
      />
      <Versions arn={arn} versions={versions} />
      <Holders arn={arn} />
      {isOwn(arn) && <IdentityTags of={{ kind: "policy", name: arn }} tags={policy?.Tags} />}
    </IdentityPage>
  );
}

function Versions(props: { arn: string; versions: UseQueryResult<PolicyVersion[]> }): ReactNode {
  const { arn, versions } = props;
  const { iam } = useClients();
  const queries = useQueryClient();
  const [shown, setShown] = useState<string | null>(null);
  const look = () => queries.invalidateQueries({ queryKey: ["policy", arn] });
  const choose = useMutation({
    mutationFn: (VersionId: string) =>
      iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn: arn, VersionId })),
    onSettled: look,
  });
  const remove = useMutation({
    mutationFn: (VersionId: string) =>
      iam.send(new DeletePolicyVersionCommand({ PolicyArn: arn, VersionId })),
    onSettled: look,
  });
  return (
    <>
      <ShortTable
        title={words.versions}
        rows={versions.data}
        most={MOST_VERSIONS}
        failure={versions.error ?? choose.error ?? remove.error}
        empty={text.none}
        columns={[
          {
            id: "version",
            header: words.version,
            cell: ({ VersionId: version = "" }) => (
              <Button variant="inline-link" ariaLabel={words.show(version)} onClick={() => setShown(version)}>
                {version}
              </Button>
            ),
            isRowHeader: true,
          },
          { id: "created", header: words.created, cell: (version) => formatTime(version.CreateDate) },
          {
            id: "actions",
            header: text.attachedPolicies.actions,
            cell: ({ VersionId: version = "", IsDefaultVersion: isDefault }) =>
              isDefault ? (
                <StatusIndicator>{words.isDefault}</StatusIndicator>
              ) : (
                isOwn(arn) && (
                  <Buttons>
                    <Button
                      variant="inline-link"
                      ariaLabel={words.setDefaultOf(version)}
                      onClick={() => choose.mutate(version)}
                    >
                      {words.setDefault}
                    </Button>
                    <Button
                      variant="inline-link"
                      ariaLabel={words.deleteVersion(version)}
                      onClick={() => remove.mutate(version)}
                    >
                      {text.delete}
                    </Button>
                  </Buttons>
                )
              ),
          },
        ]}
      />
      {shown !== null && <VersionDialog arn={arn} version={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function VersionDialog(props: { arn: string; version: string; onClose: () => void }): ReactNode {
  const { arn, version, onClose } = props;
  const document = usePolicyVersion(arn, version);
  return (
    <InfoDialog title={words.document(version)} size="large" onClose={onClose}>
      <FaultAlert failure={document.error} />
      <JsonText label={words.document(version)} content={indentJson(document.data ?? "")} />
    </InfoDialog>
  );
}

function Holders({ arn }: { arn: string }): ReactNode {
  const holders = useHolders(arn);
  return (
    <ShortTable
      title={words.holders}
      rows={holders.data}
      failure={holders.error}
      empty={words.noHolders}
      columns={[
        {
          id: "name",
          header: words.holder,
          cell: (holder) => <PageLink to={pathOf(holder)}>{holder.name}</PageLink>,
          isRowHeader: true,
        },
        { id: "kind", header: words.kind, cell: (holder) => words.kinds[holder.kind] },
        { id: "usage", header: words.usage, cell: (holder) => words.usages[holder.usage] },
      ]}
    />
  );
}

function pathOf({ kind, name }: Identity): string {
  return paths[kind](name);
}
