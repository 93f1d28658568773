/** Images that belong to this one: the platforms of an index, or what refers to it. */

import { ListImageReferrersCommand } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { tellKind } from "../../domain/artifacts";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, shortDigest } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { text } from "../../text";

const words = text.image;
const MOST_REFERRERS = 50; // the most that ListImageReferrers gives at once

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
  const { ecr } = useClients();
  const referrers = useQuery({
    queryKey: ["referrers", name, subject],
    queryFn: async () => {
      const rows: Related[] = [];
      let nextToken: string | undefined;
      do {
        const page = await ecr.send(
          new ListImageReferrersCommand({
            repositoryName: name,
            subjectId: { imageDigest: subject },
            maxResults: MOST_REFERRERS,
            nextToken,
          }),
        );
        for (const one of page.referrers ?? []) {
          rows.push({
            digest: one.digest ?? "",
            kind: tellKind({ imageManifestMediaType: one.mediaType, artifactMediaType: one.artifactType }),
            told: annotationsOf(Object.entries(one.annotations ?? {})),
            size: one.size ?? 0,
          });
        }
        nextToken = page.nextToken;
      } while (nextToken !== undefined && rows.length < 1000);
      return rows;
    },
  });
  return (
    <>
      <FaultAlert failure={referrers.error} />
      <RelatedTable title={title} name={name} rows={referrers.data ?? []} isPending={referrers.isPending} />
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
  return annotations.map(([key, value]) => `${key}=${value}`).join(", ");
}
