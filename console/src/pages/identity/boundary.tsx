/** The policy that nothing another policy allows can go beyond, where a user or a role has one. */

import type { AttachedPermissionsBoundary } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Bounded, deleteBoundary, putBoundary } from "../../api/boundaries";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Buttons } from "../../shell/buttons";
import { ChoiceDialog } from "../../shell/choice_dialog";
import { FaultAlert } from "../../shell/fault";
import { GuardedButton } from "../../shell/guarded_button";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { usePolicies } from "./queries";

const words = text.boundaries;

/** What it is, and buttons that set and remove it. */
export function Boundary(props: {
  of: Bounded;
  boundary: AttachedPermissionsBoundary | undefined;
}): ReactNode {
  const { of, boundary } = props;
  const { iam } = useClients();
  const queries = useQueryClient();
  const [isChoosing, setChoosing] = useState(false);
  const arn = boundary?.PermissionsBoundaryArn;
  const look = () => queries.invalidateQueries({ queryKey: [of.kind, of.name], exact: true });
  return (
    <>
      {arn === undefined ? "–" : <PageLink to={paths.policy(arn)}>{arn}</PageLink>}
      <Buttons>
        <Button variant="inline-link" ariaLabel={words.setTitle} onClick={() => setChoosing(true)}>
          {words.set}
        </Button>
        {arn !== undefined && (
          <GuardedButton
            variant="inline-link"
            ariaLabel={words.removeTitle}
            title={words.removeTitle}
            warning={words.removeWarning}
            phrase={of.name}
            confirmLabel={text.remove}
            onConfirm={async () => {
              await deleteBoundary(iam, of);
              await look();
            }}
          >
            {text.remove}
          </GuardedButton>
        )}
      </Buttons>
      {isChoosing && <SetBoundary of={of} onSet={look} onClose={() => setChoosing(false)} />}
    </>
  );
}

function SetBoundary(props: { of: Bounded; onSet: () => void; onClose: () => void }): ReactNode {
  const { of, onSet, onClose } = props;
  const { iam } = useClients();
  const policies = usePolicyOptions();
  const set = useMutation({
    mutationFn: (arn: string) => putBoundary(iam, of, arn),
    onSuccess: onClose,
    onSettled: onSet,
  });
  return (
    <ChoiceDialog
      title={words.setTitle}
      button={words.set}
      label={text.attachedPolicies.choose}
      options={policies.options}
      isLoading={policies.isLoading}
      isPending={set.isPending}
      failure={policies.failure ?? set.error}
      onChoose={set.mutate}
      onClose={onClose}
    />
  );
}

/** The boundary of a user or a role that is about to be made; without one where the value is empty. */
export function BoundaryField(props: { value: string; onChange: (arn: string) => void }): ReactNode {
  const { value, onChange } = props;
  const policies = usePolicyOptions();
  const options = [{ value: "", label: text.none }, ...policies.options];
  return (
    <>
      <FaultAlert failure={policies.failure} />
      <FormField label={words.title} description={words.description}>
        <Select
          options={options}
          selectedOption={options.find((option) => option.value === value) ?? null}
          onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
          filteringType="auto"
          virtualScroll
          expandToViewport
          statusType={policies.isLoading ? "loading" : "finished"}
        />
      </FormField>
    </>
  );
}

interface PolicyOptions {
  options: SelectProps.Option[];
  isLoading: boolean;
  failure: unknown;
}

/** Managed policies to choose from. */
export function usePolicyOptions(): PolicyOptions {
  const { entries, isComplete, failure } = usePolicies();
  const options = entries.map(({ Arn: arn = "", PolicyName: name = "" }) => ({
    value: arn,
    label: name,
    description: arn,
  }));
  return { options, isLoading: !isComplete, failure };
}
