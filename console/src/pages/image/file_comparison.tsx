/** Files that differ between two images, read when somebody asks: only of layers that one of them has alone. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { LayerFile } from "../../../generated/entrepot";
import { compareFiles, type FileChange, stack } from "../../domain/file_comparison";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, formatForeign } from "../../format";
import { useEntrepot } from "../../session/context";
import { column, textColumn } from "../../shell/columns";
import { type Column, LongTable } from "../../shell/long_table";
import { text } from "../../text";

const words = text.fileComparison;
const PAGE = 1000; // the most that ListLayerFiles gives at once
const MOST_FILES = 50_000; // of one layer

export interface Side {
  digest: string;
  /** Those that the other image has not, from the first to the last. */
  layers: readonly Descriptor[];
}

const COLUMNS: Column<FileChange>[] = [
  {
    ...textColumn("path", text.files.name, pathOf),
    cell: (change) => <span className="digest">{formatForeign(change.path)}</span>,
    isRowHeader: true,
    minWidth: 300,
  },
  { ...column("before", text.comparison.other, (change: FileChange) => tell(change.before)), minWidth: 180 },
  { ...column("after", text.comparison.this, (change: FileChange) => tell(change.after)), minWidth: 180 },
];

export function FileComparison(props: { name: string; before: Side; after: Side }): ReactNode {
  const { name, before, after } = props;
  const call = useEntrepot();
  const compare = useMutation({
    mutationFn: async () => {
      let isWhole = true;
      const read = async (side: Side): Promise<Map<string, LayerFile>> => {
        const layers: LayerFile[][] = [];
        for (const layer of side.layers) {
          const files: LayerFile[] = [];
          let nextToken: string | undefined;
          do {
            const page = await call("ListLayerFiles", {
              repositoryName: name,
              imageDigest: side.digest,
              layerDigest: layer.digest,
              maxResults: PAGE,
              ...(nextToken === undefined ? {} : { nextToken }),
            });
            files.push(...(page.files ?? []));
            nextToken = page.nextToken;
            isWhole &&= page.isComplete !== false;
          } while (nextToken !== undefined && files.length < MOST_FILES);
          isWhole &&= nextToken === undefined;
          layers.push(files);
        }
        return stack(layers);
      };
      const changes = compareFiles(await read(before), await read(after));
      return { changes, isWhole };
    },
  });
  return (
    <SpaceBetween size="s">
      {compare.data?.isWhole === false && <Alert type="warning">{words.notWhole}</Alert>}
      <LongTable
        id="file-comparison"
        variant="container"
        columns={COLUMNS}
        entries={compare.data?.changes ?? NONE}
        isComplete={!compare.isPending}
        failure={compare.error}
        idOf={pathOf}
        haystackOf={pathOf}
        filterLabel={words.filter}
        ariaLabel={words.title}
        sortedBy="path"
        empty={<Box textAlign="center">{compare.data ? words.same : words.notYet}</Box>}
        header={(counter) => (
          <Header
            variant="h2"
            counter={compare.data ? counter : ""}
            description={words.description}
            actions={
              <Button loading={compare.isPending} onClick={() => compare.mutate()}>
                {words.button}
              </Button>
            }
          >
            {words.title}
          </Header>
        )}
      />
    </SpaceBetween>
  );
}

const NONE: readonly FileChange[] = [];

function pathOf(change: FileChange): string {
  return change.path;
}

function tell(file: LayerFile | null): string {
  if (file === null) {
    return "–";
  }
  if (file.whiteout !== undefined) {
    return text.files.whiteouts[file.whiteout];
  }
  const kind = file.type === undefined || file.type === "file" ? "" : `${text.files.kinds[file.type]} `;
  return `${kind}${formatBytes(file.sizeInBytes)}, ${file.mode ?? "–"}, ${file.uid ?? "–"}:${file.gid ?? "–"}`;
}
