/** Changing what may be changed of a repository. */

import { PutImageTagMutabilityCommand, type Repository } from "@aws-sdk/client-ecr";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { complaintAboutFilter, mutabilityMembers, mutabilityOf } from "../../domain/mutability";
import { paths } from "../../paths";
import { useClients, useEntrepot } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { FormPage } from "../../shell/form_page";
import { useNotices } from "../../shell/notifications";
import { Page } from "../../shell/page";
import { text } from "../../text";
import { MutabilityFields } from "./mutability_fields";
import { useProtection, useRepository } from "./queries";

const words = text.editRepository;

export function EditRepositoryPage(): ReactNode {
  const name = useParams()["*"] ?? "";
  const repository = useRepository(name);
  return repository.data ? (
    <EditForm key={name} repository={repository.data} />
  ) : (
    <Page title={words.title(name)}>
      <FaultAlert failure={repository.error} />
      {repository.isPending && <Spinner size="large" />}
    </Page>
  );
}

function EditForm({ repository }: { repository: Repository }): ReactNode {
  const name = repository.repositoryName ?? "";
  const { ecr } = useClients();
  const call = useEntrepot();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const [mutability, setMutability] = useState(() => mutabilityOf(repository));
  const protection = useProtection(name);
  const [chosenProtection, setProtected] = useState<boolean | null>(null);
  const isProtected = chosenProtection ?? protection.data?.enabled ?? false;
  const isRight = mutability.exceptions.every((filter) => complaintAboutFilter(filter) === null);
  const save = useMutation({
    mutationFn: async () => {
      const chosen = JSON.stringify(mutabilityMembers(mutability));
      if (chosen !== JSON.stringify(mutabilityMembers(mutabilityOf(repository)))) {
        await ecr.send(
          new PutImageTagMutabilityCommand({ repositoryName: name, ...mutabilityMembers(mutability) }),
        );
      }
      if (protection.data !== undefined && isProtected !== protection.data.enabled) {
        await call("PutDeletionProtection", { repositoryName: name, enabled: isProtected });
      }
    },
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["listing"] });
      queries.removeQueries({ queryKey: ["repository", name] });
      queries.removeQueries({ queryKey: ["deletion-protection", name] });
      tellSuccess(words.done(name));
      navigate(paths.repository(name));
    },
  });
  return (
    <FormPage
      title={words.title(name)}
      button={text.save}
      isReady={isRight}
      isPending={save.isPending}
      onSubmit={() => save.mutate()}
      onCancel={() => navigate(-1)}
    >
      <FaultAlert failure={save.error} />
      <Container header={<Header variant="h2">{text.mutability.title}</Header>}>
        <MutabilityFields value={mutability} onChange={setMutability} />
      </Container>
      <Container header={<Header variant="h2">{text.protection.title}</Header>}>
        <SpaceBetween size="m">
          <FaultAlert failure={protection.error} />
          <Toggle
            checked={isProtected}
            disabled={protection.data === undefined}
            description={text.protection.description}
            onChange={({ detail }) => setProtected(detail.checked)}
          >
            {text.protection.label}
          </Toggle>
        </SpaceBetween>
      </Container>
    </FormPage>
  );
}
