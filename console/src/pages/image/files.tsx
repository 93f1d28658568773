/** The files in the layers of an image, folder by folder. */

import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Icon from "@cloudscape-design/components/icon";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import type { LayerFile, ListLayerFilesResponse } from "../../../generated/entrepot";
import { useListing } from "../../api/listing";
import { nameIn, stepsTo } from "../../domain/folders";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, formatCount, formatForeign, momentOf, shortDigest } from "../../format";
import { paths } from "../../paths";
import { useEntrepot, useSession } from "../../session/context";
import { column, countColumn, sizeColumn, textColumn, timeColumn } from "../../shell/columns";
import { hrefOf, PageLink, useFollow } from "../../shell/links";
import { ListingTable } from "../../shell/listing_table";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";

const words = text.files;
const PAGE = 1000; // the most that ListLayerFiles gives at once

interface Row extends LayerFile {
  /** One path may stand several times in an archive. */
  place: number;
}

export function FilesTab(props: { name: string; digest: string; layers: Descriptor[] }): ReactNode {
  const { name, digest, layers } = props;
  const [search, setSearch] = useSearchParams();
  const layer = layers.find((one) => one.digest === search.get("layer")) ?? layers.at(-1);
  const folder = search.get("folder") ?? "";
  const options = layers.map((one, place) => ({
    value: one.digest,
    label: words.layer(place + 1, formatBytes(one.size)),
    description: shortDigest(one.digest),
  }));
  if (layer === undefined) {
    return null;
  }
  return (
    <SpaceBetween size="l">
      <Container>
        <FormField label={words.choose}>
          <Select
            options={options}
            selectedOption={options.find((option) => option.value === layer.digest) ?? null}
            onChange={({ detail }) =>
              setSearch({ digest, tab: "files", layer: detail.selectedOption.value ?? "" }, { replace: true })
            }
          />
        </FormField>
      </Container>
      <Folder
        key={`${layer.digest} ${folder}`}
        name={name}
        digest={digest}
        layer={layer.digest}
        folder={folder}
      />
    </SpaceBetween>
  );
}

function Folder(props: { name: string; digest: string; layer: string; folder: string }): ReactNode {
  const { name, digest, layer, folder } = props;
  const call = useEntrepot();
  const follow = useFollow();
  const { account, region } = useSession();
  const [whole, setWhole] = useState<ListLayerFilesResponse | null>(null);
  const addressOf = useMemo(
    () => (there: string) => paths.layerFiles(name, digest, layer, there),
    [name, digest, layer],
  );
  const columns = useMemo(() => columnsOf(folder, addressOf), [folder, addressOf]);
  let place = 0;
  const listing = useListing<Row>(
    `layer-files/${account}/${region}/${name}/${digest}/${layer}/${folder}`,
    async (token, signal) => {
      const page = await call(
        "ListLayerFiles",
        {
          repositoryName: name,
          imageDigest: digest,
          layerDigest: layer,
          prefix: folder,
          oneLevel: true,
          maxResults: PAGE,
          ...(token === undefined ? {} : { nextToken: token }),
        },
        signal,
      );
      setWhole(page);
      const entries = (page.files ?? []).map((file) => {
        place += 1;
        return { ...file, place };
      });
      return { entries, next: page.nextToken };
    },
  );
  return (
    <SpaceBetween size="s">
      {whole?.endedBy !== undefined && (
        <Alert type="warning">
          {words.ended(words.ends[whole.endedBy], formatCount(whole.fileCount ?? 0))}
        </Alert>
      )}
      <BreadcrumbGroup
        ariaLabel={words.way}
        items={[{ name: words.root, folder: "" }, ...stepsTo(folder)].map((step) => ({
          text: step.name,
          href: hrefOf(addressOf(step.folder)),
        }))}
        onFollow={follow}
      />
      <ListingTable
        id="layer-files"
        title={words.title}
        description={
          whole === null
            ? undefined
            : words.whole(formatCount(whole.fileCount ?? 0), formatBytes(whole.sizeInBytes))
        }
        columns={columns}
        listing={listing}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        sortedBy="name"
        empty={words.none}
      />
    </SpaceBetween>
  );
}

function columnsOf(folder: string, addressOf: (folder: string) => string): Column<Row>[] {
  return [
    {
      ...textColumn("name", words.name, pathOf),
      cell: (file) => <Name file={file} folder={folder} addressOf={addressOf} />,
      isRowHeader: true,
      minWidth: 240,
    },
    sizeColumn("size", text.images.size, (file) => file.sizeInBytes),
    countColumn("count", words.below, (file) => file.fileCount),
    {
      ...textColumn("kind", words.kind, (file: Row) =>
        file.type === undefined ? "–" : words.kinds[file.type],
      ),
      minWidth: 110,
    },
    { ...column("mode", words.mode, (file: Row) => file.mode ?? "–"), minWidth: 80 },
    {
      ...column("owner", words.owner, (file: Row) =>
        file.uid === undefined ? "–" : `${file.uid}:${file.gid ?? "–"}`,
      ),
      minWidth: 90,
    },
    timeColumn("modified", words.modified, (file) => momentOf(file.modifiedAt)),
  ];
}

function Name(props: { file: Row; folder: string; addressOf: (folder: string) => string }): ReactNode {
  const { file, folder, addressOf } = props;
  const path = pathOf(file);
  const name = formatForeign(nameIn(folder, path));
  const isFolder = file.type === "directory" && file.whiteout === undefined;
  return (
    <span className="file-name">
      <Icon name={isFolder ? "folder" : "file"} />
      <span className="digest">
        {isFolder ? <PageLink to={addressOf(`${path}/`)}>{name}</PageLink> : name}
        {file.linkTarget !== undefined && ` → ${formatForeign(file.linkTarget)}`}
      </span>
      {file.whiteout !== undefined && <Badge color="red">{words.whiteouts[file.whiteout]}</Badge>}
      {file.leavesRoot && <Badge color="severity-medium">{words.leavesRoot}</Badge>}
    </span>
  );
}

function idOf(file: Row): string {
  return String(file.place);
}

function pathOf(file: Row): string {
  return file.path ?? "";
}

function haystackOf(file: Row): string {
  return pathOf(file).toLowerCase();
}
