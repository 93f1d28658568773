/** Images that belong to this one: the platforms of an index, or what refers to it. */

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { tellKind } from "../../domain/artifacts";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, formatForeign, shortDigest } from "../../format";
import { paths } from "../../paths";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { useReferrers } from "./referrers";

const words = text.image;

interface Related {
  digest: string;
  kind: string;
  told: string;
  size: number;
}

export function RelatedImages(
  props: { title: string; name: string } & ({ images: Descriptor[] } | { subject: string }),
): ReactNode {
  if ("images" in props) {
    const rows = props.images.map((part) => ({
      digest: part.digest,
      kind: tellKind({ imageManifestMediaType: part.mediaType }),
      told: part.platform ?? annotationsOf(part.annotations),
      size: part.size,
    }));
    return <RelatedTable title={props.title} name={props.name} rows={rows} isPending={false} />;
  }
  return <Referrers {...props} />;
}

function Referrers(props: { title: string; name: string; subject: string }): ReactNode {
  const { title, name, subject } = props;
  const referrers = useReferrers(name, subject);
  const rows = (referrers.data ?? []).map((one) => ({
    digest: one.digest,
    kind: one.kind,
    told: annotationsOf(one.annotations),
    size: one.size,
  }));
  return (
    <>
      <FaultAlert failure={referrers.error} />
      <RelatedTable title={title} name={name} rows={rows} isPending={referrers.isPending} />
    </>
  );
}

function RelatedTable(props: {
  title: string;
  name: string;
  rows: Related[];
  isPending: boolean;
}): ReactNode {
  const { title, name, rows, isPending } = props;
  return (
    <Table
      items={rows}
      wrapLines
      loading={isPending}
      loadingText={text.table.loading}
      ariaLabels={{ tableLabel: title }}
      columnDefinitions={[
        {
          id: "kind",
          header: text.images.kind,
          cell: (row) => <PageLink to={paths.image(name, row.digest)}>{row.kind}</PageLink>,
          isRowHeader: true,
        },
        { id: "told", header: words.about, cell: (row) => row.told || "–" },
        { id: "size", header: words.manifestSize, cell: (row) => formatBytes(row.size) },
        {
          id: "digest",
          header: text.images.digest,
          cell: (row) => <Copyable value={row.digest} shown={shortDigest(row.digest)} />,
        },
      ]}
      header={
        <Header variant="h2" counter={`(${rows.length})`}>
          {title}
        </Header>
      }
      empty={<Box textAlign="center">{text.none}</Box>}
    />
  );
}

function annotationsOf(annotations: [string, string][]): string {
  return annotations.map(([key, value]) => `${key}=${formatForeign(value)}`).join(", ");
}
