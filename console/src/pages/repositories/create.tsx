/** Creating a repository, as ECR's guide begins. */

import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { complaintAboutFilter, type Mutability, mutabilityMembers } from "../../domain/mutability";
import { complaintAboutName } from "../../domain/repository_name";
import type { ResourceTag } from "../../domain/resource_tags";
import { paths } from "../../paths";
import { useClients, useSession } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { FormPage } from "../../shell/form_page";
import { useNotices } from "../../shell/notifications";
import { complaintAboutTags, TagFields } from "../../shell/tag_fields";
import { text } from "../../text";
import { MutabilityFields } from "./mutability_fields";
import { useRegistryHost } from "./queries";

const words = text.createRepository;

export function CreateRepositoryPage(): ReactNode {
  const { ecr } = useClients();
  const { account } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const host = useRegistryHost();
  const [name, setName] = useState("");
  const [mutability, setMutability] = useState<Mutability>({ choice: "MUTABLE", exceptions: [] });
  const [tags, setTags] = useState<ResourceTag[]>([]);
  const complaint = name === "" ? null : complaintAboutName(name);
  const isRight =
    name !== "" &&
    complaint === null &&
    mutability.exceptions.every((filter) => complaintAboutFilter(filter) === null) &&
    complaintAboutTags(tags) === null;

  const create = useMutation({
    mutationFn: () =>
      ecr.send(
        new CreateRepositoryCommand({
          repositoryName: name,
          ...mutabilityMembers(mutability),
          ...(tags.length > 0 ? { tags } : {}),
        }),
      ),
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["listing"] });
      tellSuccess(words.done(name));
      navigate(paths.repository(name));
    },
  });

  return (
    <FormPage
      title={words.title}
      button={words.button}
      isReady={isRight}
      isPending={create.isPending}
      onSubmit={() => create.mutate()}
      onCancel={() => navigate(paths.repositories)}
    >
      <FaultAlert failure={create.error} />
      <Container header={<Header variant="h2">{words.general}</Header>}>
        <SpaceBetween size="l">
          <FormField
            label={words.name}
            description={words.nameDescription}
            constraintText={words.nameConstraint}
            errorText={complaint}
          >
            <Input
              value={name}
              onChange={({ detail }) => setName(detail.value)}
              placeholder="team/app"
              spellcheck={false}
              autoComplete={false}
              autoFocus
            />
          </FormField>
          <div>
            <Box variant="awsui-key-label">{words.address}</Box>
            <Box>
              {host ?? account}/{name}
            </Box>
          </div>
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">{text.mutability.title}</Header>}>
        <MutabilityFields value={mutability} onChange={setMutability} />
      </Container>
      <Container header={<Header variant="h2">{words.encryption}</Header>}>
        <Box>{words.encryptionDescription}</Box>
      </Container>
      <Container header={<Header variant="h2">{text.tags.title}</Header>}>
        <TagFields tags={tags} onChange={setTags} />
      </Container>
    </FormPage>
  );
}
