/** Which other images have layers of this one, and which. */

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { SharedLayer } from "../../../generated/entrepot";
import { all } from "../../api/listing";
import type { Descriptor } from "../../domain/manifest";
import { type SharingOne, sharingImages } from "../../domain/sharing";
import { formatBytes, formatCount, shortDigest } from "../../format";
import { paths } from "../../paths";
import { useEntrepot } from "../../session/context";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { LayerBar } from "./layer_bar";

const words = text.sharing;
const MOST_IMAGES = 20; // named for each layer
const MOST_SHOWN = 50;

export function useSharedLayers(name: string, digest: string): UseQueryResult<SharedLayer[]> {
  const call = useEntrepot();
  return useQuery({
    queryKey: ["shared-layers", name, digest],
    queryFn: ({ signal }) =>
      all(async (token) => {
        const page = await call(
          "DescribeSharedLayers",
          {
            repositoryName: name,
            imageId: { imageDigest: digest },
            maxImages: MOST_IMAGES,
            ...(token === undefined ? {} : { nextToken: token }),
          },
          signal,
        );
        return { entries: page.layers ?? [], next: page.nextToken };
      }),
  });
}

export function SharedLayers(props: {
  layers: Descriptor[];
  shared: UseQueryResult<SharedLayer[]>;
}): ReactNode {
  const { layers, shared } = props;
  const images = sharingImages(layers, shared.data ?? []);
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  return (
    <>
      <FaultAlert failure={shared.error} />
      {shared.isPending && <Spinner />}
      {shared.data && (
        <Table
          items={images.slice(0, MOST_SHOWN)}
          trackBy={(one) => `${one.repositoryName}@${one.imageDigest}`}
          ariaLabels={{ tableLabel: words.title }}
          columnDefinitions={[
            { id: "image", header: words.image, cell: linkTo, isRowHeader: true, minWidth: 200 },
            {
              id: "bytes",
              header: words.bytes,
              cell: (one) => words.share(formatBytes(one.bytes), share(one.bytes, total)),
              minWidth: 140,
            },
            {
              id: "layers",
              header: words.layers,
              cell: (one) => <LayerBar layers={layers} shown={one.layers} label={told(layers, one)} />,
              minWidth: 240,
            },
          ]}
          header={
            <Header variant="h2" description={words.description} counter={`(${formatCount(images.length)})`}>
              {words.title}
            </Header>
          }
          empty={<Box textAlign="center">{words.none}</Box>}
        />
      )}
    </>
  );
}

/** How many other images have a layer, as far as they were counted; null where nobody knows. */
export function countOf(shared: readonly SharedLayer[] | undefined, digest: string): string | null {
  const found = shared?.find((one) => one.layerDigest === digest);
  return found === undefined ? null : `${formatCount(found.imageCount ?? 0)}${found.hasMore ? "+" : ""}`;
}

function linkTo(one: SharingOne): ReactNode {
  const name = one.imageTags[0] ?? shortDigest(one.imageDigest);
  return (
    <PageLink
      to={paths.image(one.repositoryName, one.imageDigest)}
    >{`${one.repositoryName}:${name}`}</PageLink>
  );
}

function told(layers: readonly Descriptor[], one: SharingOne): string {
  const numbers = layers.flatMap((layer, place) => (one.layers.has(layer.digest) ? [place + 1] : []));
  return words.picture(numbers.join(", "));
}

function share(bytes: number, total: number): string {
  return total === 0 ? "–" : `${Math.round((bytes / total) * 100)} %`;
}
