/** How long what is deleted stays in the bin: shown, and set. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useEntrepot } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { useNotices } from "../../shell/notifications";
import { SubmitForm } from "../../shell/submit_form";
import { text } from "../../text";

const words = text.recycleBin;
const MOST_DAYS = 365;

export function Retention({ days }: { days: number }): ReactNode {
  const call = useEntrepot();
  const queries = useQueryClient();
  const { tellSuccess } = useNotices();
  const [typed, setTyped] = useState(String(days));
  const isRight = /^\d{1,3}$/.test(typed) && Number(typed) <= MOST_DAYS;
  const isReady = isRight && Number(typed) !== days;
  const save = useMutation({
    mutationFn: () => call("PutRecycleBinSettings", { retentionDays: Number(typed) }),
    onSuccess: () => {
      tellSuccess(words.saved);
      return queries.invalidateQueries({ queryKey: ["recycle-bin"] });
    },
  });
  return (
    <Container header={<Header variant="h2">{words.settings}</Header>}>
      <SubmitForm isReady={isReady} isPending={save.isPending} onSubmit={() => save.mutate()}>
        <SpaceBetween size="m">
          <FaultAlert failure={save.error} />
          <FormField
            label={words.days}
            description={words.daysDescription}
            errorText={isRight ? null : words.wrongDays}
          >
            <Input
              type="number"
              inputMode="numeric"
              value={typed}
              onChange={({ detail }) => setTyped(detail.value)}
            />
          </FormField>
          <Button formAction="submit" disabled={!isReady} loading={save.isPending}>
            {text.save}
          </Button>
        </SpaceBetween>
      </SubmitForm>
    </Container>
  );
}
