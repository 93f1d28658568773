/** The registry as a whole: what it is called, its settings and its policy. */

import {
  DeleteRegistryPolicyCommand,
  GetAccountSettingCommand,
  GetRegistryPolicyCommand,
  PutAccountSettingCommand,
  PutRegistryPolicyCommand,
} from "@aws-sdk/client-ecr";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { endpoint } from "../../api/clients";
import { useClients, useSession } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { PolicyEditor } from "../../shell/policy_editor";
import { text } from "../../text";
import { useRegistryHost } from "../repositories/queries";

const words = text.registry;

export function RegistryPage(): ReactNode {
  const { account, region } = useSession();
  const host = useRegistryHost();
  return (
    <ContentLayout header={<Header variant="h1">{words.title}</Header>}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{words.about}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: words.id, value: account },
              { label: text.region.label, value: region },
              { label: words.host, value: host === null ? "–" : <Copyable value={host} /> },
              { label: words.endpoint, value: <Copyable value={endpoint()} /> },
            ]}
          />
        </Container>
        <MountingSetting />
        <RegistryPolicy />
      </SpaceBetween>
    </ContentLayout>
  );
}

const MOUNTING = "BLOB_MOUNTING";

/** The one account setting that has more than one value. */
function MountingSetting(): ReactNode {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const key = ["account-setting", MOUNTING];
  const setting = useQuery({
    queryKey: key,
    queryFn: async () => (await ecr.send(new GetAccountSettingCommand({ name: MOUNTING }))).value ?? "",
  });
  const change = useMutation({
    mutationFn: (isEnabled: boolean) =>
      ecr.send(new PutAccountSettingCommand({ name: MOUNTING, value: isEnabled ? "ENABLED" : "DISABLED" })),
    onSuccess: () => tellSuccess(words.saved),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <Container header={<Header variant="h2">{words.settings}</Header>}>
      <SpaceBetween size="m">
        <FaultAlert failure={setting.error ?? change.error} />
        <FormField description={words.mountingDescription} stretch>
          <Toggle
            checked={setting.data === "ENABLED"}
            disabled={setting.data === undefined || change.isPending}
            onChange={({ detail }) => change.mutate(detail.checked)}
          >
            {words.mounting}
          </Toggle>
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function RegistryPolicy(): ReactNode {
  const { ecr } = useClients();
  const { account, region } = useSession();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const key = ["registry-policy"];
  const policy = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return (await ecr.send(new GetRegistryPolicyCommand({}))).policyText ?? null;
      } catch (failure) {
        if (failure instanceof Error && failure.name === "RegistryPolicyNotFoundException") {
          return null;
        }
        throw failure;
      }
    },
  });
  return (
    <PolicyEditor
      title={words.policy}
      description={words.policyDescription}
      kind="resource"
      policy={policy.data}
      failure={policy.error}
      example={exampleFor(account, region)}
      onSave={async (policyText) => {
        await ecr.send(new PutRegistryPolicyCommand({ policyText }));
        await queries.invalidateQueries({ queryKey: key });
        tellSuccess(words.policySaved);
      }}
      onDelete={async () => {
        await ecr.send(new DeleteRegistryPolicyCommand({}));
        await queries.invalidateQueries({ queryKey: key });
        tellSuccess(words.policyDeleted);
      }}
    />
  );
}

function exampleFor(account: string, region: string): string {
  const statement = {
    Sid: "AllowPull",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    Resource: `arn:aws:ecr:${region}:${account}:repository/shared/*`,
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}
