/** Images that are pinned by their tags, which is said by a resource tag of the repository. */

import { TagResourceCommand, UntagResourceCommand } from "@aws-sdk/client-ecr";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { arePatterns, PIN_TAG } from "../../domain/pins";
import { useClients } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { SubmitForm } from "../../shell/submit_form";
import { text } from "../../text";
import { useResourceTags } from "../repository/tags";

const words = text.pins;

export function PatternPins({ repositoryArn }: { repositoryArn: string }): ReactNode {
  const { ecr } = useClients();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const tags = useResourceTags(repositoryArn);
  const [typed, setTyped] = useState<string | null>(null);
  const now = tags.data?.find((tag) => tag.Key === PIN_TAG)?.Value ?? "";
  const value = typed ?? now;
  const isRight = arePatterns(value);
  const isReady = isRight && value !== now;
  const save = useMutation({
    mutationFn: async () => {
      if (value.trim() === "") {
        await ecr.send(new UntagResourceCommand({ resourceArn: repositoryArn, tagKeys: [PIN_TAG] }));
      } else {
        const tag = { Key: PIN_TAG, Value: value.trim() };
        await ecr.send(new TagResourceCommand({ resourceArn: repositoryArn, tags: [tag] }));
      }
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tags", repositoryArn] });
      setTyped(null);
      tellSuccess(words.patternsSaved);
    },
  });
  return (
    <SubmitForm isReady={isReady} isPending={save.isPending} onSubmit={() => save.mutate()}>
      <Container
        header={
          <Header
            variant="h2"
            description={words.patternsDescription}
            actions={
              <Button formAction="submit" disabled={!isReady} loading={save.isPending}>
                {text.save}
              </Button>
            }
          >
            {words.patterns}
          </Header>
        }
      >
        <SpaceBetween size="m">
          <FaultAlert failure={tags.error ?? save.error} />
          <FormField
            label={words.patternsLabel}
            constraintText={words.patternsConstraint}
            errorText={isRight ? undefined : words.wrongPatterns}
          >
            <Input
              value={value}
              placeholder="prod-* stable"
              spellcheck={false}
              onChange={({ detail }) => setTyped(detail.value)}
            />
          </FormField>
        </SpaceBetween>
      </Container>
    </SubmitForm>
  );
}
