/** Access keys and a region: what signing in asks for. */

import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { isRegion, RegionField } from "../shell/region";
import { text } from "../text";
import { beginSession } from "./exchange";
import { lastRegion, type Session } from "./session";

export interface SignIn {
  fields: ReactNode;
  isReady: boolean;
  isPending: boolean;
  failure: unknown;
  submit: () => void;
}

export function useSignIn(onSession: (session: Session) => void): SignIn {
  const [accessKeyId, setAccessKeyId] = useState("");
  const [secretAccessKey, setSecretAccessKey] = useState("");
  const [region, setRegion] = useState(() => lastRegion());
  const signIn = useMutation({
    meta: { signsWithOtherKeys: true },
    mutationFn: () =>
      beginSession({ accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() }, region),
    onSuccess: onSession,
  });
  const fields = (
    <SpaceBetween size="l">
      <FormField label={text.signIn.accessKeyId}>
        <Input
          value={accessKeyId}
          onChange={({ detail }) => setAccessKeyId(detail.value)}
          autoComplete="username"
          spellcheck={false}
          autoFocus
        />
      </FormField>
      <FormField label={text.signIn.secretAccessKey}>
        <Input
          type="password"
          value={secretAccessKey}
          onChange={({ detail }) => setSecretAccessKey(detail.value)}
          autoComplete="current-password"
        />
      </FormField>
      <RegionField value={region} onChange={setRegion} />
      <Box color="text-body-secondary">{text.signIn.kept}</Box>
    </SpaceBetween>
  );
  return {
    fields,
    isReady: accessKeyId.trim() !== "" && secretAccessKey.trim() !== "" && isRegion(region),
    isPending: signIn.isPending,
    failure: signIn.error,
    submit: () => signIn.mutate(),
  };
}
