/** Packages that differ between two images, where each has a bill of materials among its referrers. */

import type { ECRClient } from "@aws-sdk/client-ecr";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Change, changes } from "../../domain/comparison";
import { parseManifest } from "../../domain/manifest";
import { type Packages, readPackages } from "../../domain/packages";
import { formatForeign } from "../../format";
import { useClients } from "../../session/context";
import { type Column, LongTable } from "../../shell/long_table";
import { text } from "../../text";
import { getBlobText, getManifest } from "../repository/queries";
import { listReferrers } from "./referrers";

const words = text.packageComparison;
const MOST_BYTES = 32 * 1024 * 1024; // of a bill of materials
const KINDS = new Set([text.kinds.sbom, text.kinds.attestation]);

const COLUMNS: Column<Change>[] = [
  {
    id: "package",
    name: words.package,
    header: words.package,
    cell: (change) => formatForeign(change.what),
    sortingComparator: (one, other) => (one.what < other.what ? -1 : 1),
    isRowHeader: true,
    minWidth: 240,
  },
  {
    id: "before",
    name: text.comparison.other,
    header: text.comparison.other,
    cell: (change) => formatForeign(change.before ?? "–"),
    minWidth: 180,
  },
  {
    id: "after",
    name: text.comparison.this,
    header: text.comparison.this,
    cell: (change) => formatForeign(change.after ?? "–"),
    minWidth: 180,
  },
];

export function PackageComparison(props: { name: string; before: string; after: string }): ReactNode {
  const { name, before, after } = props;
  const { ecr } = useClients();
  const compared = useQuery({
    queryKey: ["packages", name, before, after],
    queryFn: async ({ signal }) => {
      const was = await findPackages(ecr, name, before, signal);
      const is = await findPackages(ecr, name, after, signal);
      return was === null || is === null ? null : changes(was, is);
    },
  });
  return (
    <LongTable
      id="package-comparison"
      variant="container"
      columns={COLUMNS}
      entries={compared.data ?? NONE}
      isComplete={!compared.isPending}
      failure={compared.error}
      idOf={nameOf}
      haystackOf={haystackOf}
      filterLabel={words.filter}
      ariaLabel={words.title}
      sortedBy="package"
      empty={<Box textAlign="center">{compared.data === null ? words.unknown : words.same}</Box>}
      header={(counter) => (
        <Header variant="h2" counter={compared.data ? counter : ""} description={words.description}>
          {words.title}
        </Header>
      )}
    />
  );
}

const NONE: readonly Change[] = [];

/** Of the first bill of materials that can be read; null where there is none. */
async function findPackages(
  ecr: ECRClient,
  name: string,
  digest: string,
  signal: AbortSignal,
): Promise<Packages | null> {
  for (const referrer of await listReferrers(ecr, name, digest)) {
    if (KINDS.has(referrer.kind)) {
      const manifest = parseManifest((await getManifest(ecr, name, referrer.digest)).content);
      for (const layer of manifest.layers) {
        const content = await getBlobText(ecr, name, layer.digest, MOST_BYTES, signal);
        const packages = readPackages(content);
        if (packages !== null) {
          return packages;
        }
      }
    }
  }
  return null;
}

function nameOf(change: Change): string {
  return change.what;
}

function haystackOf(change: Change): string {
  return change.what.toLowerCase();
}
