/** Making an issuer of identity tokens known to the account. */

import { CreateOpenIDConnectProviderCommand } from "@aws-sdk/client-iam";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import {
  isClientId,
  isIssuerUrl,
  isThumbprint,
  MOST_CLIENTS,
  MOST_THUMBPRINTS,
  thumbprintOf,
} from "../../domain/providers";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { FormPage } from "../../shell/form_page";
import { TextFields } from "../../shell/text_fields";
import { text } from "../../text";

const words = text.providers;
const STS = "sts.amazonaws.com"; // what AWS's own tools ask tokens for

export function CreateProviderPage(): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [url, setUrl] = useState("");
  const [clients, setClients] = useState([STS]);
  const [thumbprints, setThumbprints] = useState<string[]>([]);
  const isRight =
    isIssuerUrl(url) &&
    clients.every(isClientId) &&
    thumbprints.every((one) => isThumbprint(thumbprintOf(one)));
  const create = useMutation({
    mutationFn: () =>
      iam.send(
        new CreateOpenIDConnectProviderCommand({
          Url: url,
          ClientIDList: clients,
          ThumbprintList: thumbprints.map(thumbprintOf),
        }),
      ),
    onSuccess: (made) => {
      queries.removeQueries({ queryKey: ["listing"] });
      navigate(paths.provider(made.OpenIDConnectProviderArn ?? ""));
    },
  });
  return (
    <FormPage
      title={words.create}
      button={text.create}
      isReady={isRight}
      isPending={create.isPending}
      onSubmit={() => create.mutate()}
      onCancel={() => navigate(paths.providers)}
    >
      <FaultAlert failure={create.error} />
      <Container>
        <SpaceBetween size="l">
          <FormField
            label={words.url}
            description={words.urlDescription}
            errorText={url !== "" && !isIssuerUrl(url) ? words.wrongUrl : undefined}
          >
            <Input
              value={url}
              onChange={({ detail }) => setUrl(detail.value.trim())}
              placeholder="https://token.actions.githubusercontent.com"
              spellcheck={false}
              autoComplete={false}
              autoFocus
            />
          </FormField>
          <FormField label={words.clients} description={words.clientsDescription} stretch>
            <TextFields
              values={clients}
              onChange={setClients}
              most={MOST_CLIENTS}
              label={words.client}
              add={words.addClient}
              none={words.noClients}
              complaintAbout={(one) => (isClientId(one) ? null : words.wrongClient)}
            />
          </FormField>
          <FormField label={words.thumbprints} description={words.thumbprintsDescription} stretch>
            <TextFields
              values={thumbprints}
              onChange={setThumbprints}
              most={MOST_THUMBPRINTS}
              label={words.thumbprint}
              add={words.addThumbprint}
              none={words.noThumbprints}
              complaintAbout={(one) => (isThumbprint(thumbprintOf(one)) ? null : words.wrongThumbprint)}
            />
          </FormField>
        </SpaceBetween>
      </Container>
    </FormPage>
  );
}
