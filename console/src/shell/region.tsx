/** Choosing a region: any name is one, AWS's are offered. */

import Autosuggest from "@cloudscape-design/components/autosuggest";
import FormField from "@cloudscape-design/components/form-field";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../paths";
import { useSessionState } from "../session/context";
import { text } from "../text";
import { FormDialog } from "./dialogs";

const REGIONS = [
  "af-south-1",
  "ap-east-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ca-central-1",
  "ca-west-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
];

/** One host label, as the server takes them. */
export function isRegion(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name);
}

export function RegionField(props: { value: string; onChange: (region: string) => void }): ReactNode {
  const { value, onChange } = props;
  return (
    <FormField
      label={text.region.label}
      description={text.region.description}
      errorText={value !== "" && !isRegion(value) ? text.region.wrong : undefined}
    >
      <Autosuggest
        value={value}
        onChange={({ detail }) => onChange(detail.value)}
        options={REGIONS.map((region) => ({ value: region }))}
        enteredTextLabel={(entered) => text.region.use(entered)}
        empty={text.region.any}
      />
    </FormField>
  );
}

export function RegionDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { session, changeRegion } = useSessionState();
  const navigate = useNavigate();
  const [region, setRegion] = useState(session?.region ?? "");
  const change = () => {
    onClose();
    changeRegion(region);
    navigate(paths.repositories);
  };
  return (
    <FormDialog
      title={text.region.title}
      button={text.region.change}
      isReady={isRegion(region)}
      onSubmit={change}
      onClose={onClose}
    >
      <RegionField value={region} onChange={setRegion} />
    </FormDialog>
  );
}
