/** This image beside another one of its repository. */

import type { ImageDetail } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useMemo, useState } from "react";
import { isIndex } from "../../domain/artifacts";
import { compareImages } from "../../domain/comparison";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, formatForeign, shortDigest } from "../../format";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { useImages } from "../repository/queries";
import { statusOf } from "../repository/storage_class";
import { FileComparison } from "./file_comparison";
import { PackageComparison } from "./package_comparison";
import { type ImageContent, useImageContent } from "./queries";

const words = text.comparison;
const MOST_OFFERED = 2000;

export function ComparisonTab(props: { name: string; digest: string; image: ImageContent }): ReactNode {
  const { name, digest, image } = props;
  const listing = useImages(name);
  const [chosen, setChosen] = useState<string | null>(null);
  const options = useMemo(() => optionsOf(listing.entries, digest), [listing.entries, digest]);
  const other = useImageContent(name, chosen);
  return (
    <SpaceBetween size="l">
      <Container>
        <FormField label={words.choose}>
          <Select
            options={options}
            selectedOption={options.find((option) => option.value === chosen) ?? null}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? null)}
            placeholder={words.placeholder}
            filteringType="auto"
            virtualScroll
            empty={words.nothing}
            statusType={listing.isComplete ? "finished" : "loading"}
          />
        </FormField>
      </Container>
      <FaultAlert failure={listing.failure ?? other.failure} />
      {chosen !== null && other.content === null && !other.failure && <Spinner />}
      {chosen !== null && other.content && (
        <Result
          key={chosen}
          name={name}
          digests={{ before: chosen, after: digest }}
          before={other.content}
          after={image}
        />
      )}
    </SpaceBetween>
  );
}

function Result(props: {
  name: string;
  digests: { before: string; after: string };
  before: ImageContent;
  after: ImageContent;
}): ReactNode {
  const { name, digests, before, after } = props;
  const { common, gone, added, changes } = compareImages(before, after);
  const layers = [
    ...gone.map((layer) => ({ layer, where: words.gone })),
    ...added.map((layer) => ({ layer, where: words.added })),
    ...common.map((layer) => ({ layer, where: words.common })),
  ];
  return (
    <SpaceBetween size="l">
      <Table
        items={changes}
        wrapLines
        ariaLabels={{ tableLabel: words.changes }}
        columnDefinitions={[
          { id: "what", header: words.what, cell: (change) => formatForeign(change.what), isRowHeader: true },
          { id: "before", header: words.other, cell: (change) => formatForeign(change.before ?? "–") },
          { id: "after", header: words.this, cell: (change) => formatForeign(change.after ?? "–") },
        ]}
        header={<Header variant="h2">{words.changes}</Header>}
        empty={<Box textAlign="center">{words.same}</Box>}
      />
      <Table
        items={layers}
        ariaLabels={{ tableLabel: text.layers.title }}
        columnDefinitions={[
          { id: "where", header: words.where, cell: (row) => row.where, isRowHeader: true },
          { id: "size", header: text.images.size, cell: (row) => formatBytes(row.layer.size) },
          { id: "digest", header: text.layers.layer, cell: (row) => shortDigest(row.layer.digest) },
        ]}
        header={
          <Header variant="h2" description={words.sum(sizeOf(common), sizeOf(added), sizeOf(gone))}>
            {text.layers.title}
          </Header>
        }
      />
      <PackageComparison name={name} before={digests.before} after={digests.after} />
      <FileComparison
        name={name}
        before={{ digest: digests.before, layers: gone }}
        after={{ digest: digests.after, layers: added }}
      />
    </SpaceBetween>
  );
}

function optionsOf(images: readonly ImageDetail[], digest: string) {
  return images
    .filter((image) => image.imageDigest !== digest && !isIndex(image) && statusOf(image) === "ACTIVE")
    .sort((one, other) => (other.imagePushedAt?.getTime() ?? 0) - (one.imagePushedAt?.getTime() ?? 0))
    .slice(0, MOST_OFFERED)
    .map((image) => ({
      value: image.imageDigest ?? "",
      label: image.imageTags?.join(", ") || shortDigest(image.imageDigest ?? ""),
      description: shortDigest(image.imageDigest ?? ""),
    }));
}

function sizeOf(layers: Descriptor[]): string {
  return formatBytes(layers.reduce((sum, layer) => sum + layer.size, 0));
}
