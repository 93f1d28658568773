/** Making an issuer of identity tokens known to the account. */

import { CreateOpenIDConnectProviderCommand } from "@aws-sdk/client-iam";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { isIssuerUrl, thumbprintOf } from "../../domain/providers";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { FormPage } from "../../shell/form_page";
import { text } from "../../text";
import { AcceptedFields, areRight, CLIENTS, THUMBPRINTS } from "./accepted";

const words = text.providers;
const STS = "sts.amazonaws.com"; // what AWS's own tools ask tokens for

export function CreateProviderPage(): ReactNode {
  const { iam } = useClients();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [url, setUrl] = useState("");
  const [clients, setClients] = useState([STS]);
  const [thumbprints, setThumbprints] = useState<string[]>([]);
  const isReady = isIssuerUrl(url) && areRight(CLIENTS, clients) && areRight(THUMBPRINTS, thumbprints);
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
      isReady={isReady}
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
          <AcceptedFields list={CLIENTS} values={clients} onChange={setClients} />
          <AcceptedFields list={THUMBPRINTS} values={thumbprints} onChange={setThumbprints} />
        </SpaceBetween>
      </Container>
    </FormPage>
  );
}
