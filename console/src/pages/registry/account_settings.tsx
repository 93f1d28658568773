/** What an account may switch in its registry. */

import { GetAccountSettingCommand, PutAccountSettingCommand } from "@aws-sdk/client-ecr";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { text } from "../../text";

const words = text.registry;
const SCOPES = (["V2", "V1"] as const).map((value) => ({ value, ...words.scopes[value] }));

interface Setting {
  value: string | undefined;
  failure: unknown;
  isBusy: boolean;
  put: (value: string) => void;
}

/** BASIC_SCAN_TYPE_VERSION has one value only, so it is not offered. */
export function AccountSettings(): ReactNode {
  const mounting = useAccountSetting("BLOB_MOUNTING");
  const scope = useAccountSetting("REGISTRY_POLICY_SCOPE");
  return (
    <Container header={<Header variant="h2">{words.settings}</Header>}>
      <SpaceBetween size="m">
        <FaultAlert failure={mounting.failure ?? scope.failure} />
        <FormField description={words.mountingDescription} stretch>
          <Toggle
            checked={mounting.value === "ENABLED"}
            disabled={mounting.isBusy}
            onChange={({ detail }) => mounting.put(detail.checked ? "ENABLED" : "DISABLED")}
          >
            {words.mounting}
          </Toggle>
        </FormField>
        <FormField label={words.scope} description={words.scopeDescription} stretch>
          <RadioGroup
            value={scope.value ?? null}
            items={SCOPES.map((item) => ({ ...item, disabled: scope.isBusy }))}
            onChange={({ detail }) => scope.put(detail.value)}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function useAccountSetting(name: string): Setting {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const key = ["account-setting", name];
  const setting = useQuery({
    queryKey: key,
    queryFn: async () => (await ecr.send(new GetAccountSettingCommand({ name }))).value ?? "",
  });
  const change = useMutation({
    mutationFn: (value: string) => ecr.send(new PutAccountSettingCommand({ name, value })),
    onSuccess: () => tellSuccess(words.saved),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  return {
    value: setting.data,
    failure: setting.error ?? change.error,
    isBusy: setting.data === undefined || change.isPending,
    put: change.mutate,
  };
}
