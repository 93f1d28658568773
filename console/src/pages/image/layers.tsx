/** The steps that an image was built in, each with the layer that it made, and the layers' sizes as a picture. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { type Descriptor, type HistoryEntry, type LayerStep, matchHistory } from "../../domain/manifest";
import { formatBytes, formatForeign, shortDigest } from "../../format";
import { paths } from "../../paths";
import { Copyable } from "../../shell/copyable";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { LayerBar } from "./layer_bar";
import { countOf, SharedLayers, useSharedLayers } from "./shared_layers";

const words = text.layers;

export function LayersView(props: {
  name: string;
  digest: string;
  layers: Descriptor[];
  history: HistoryEntry[];
}): ReactNode {
  const { name, digest, layers, history } = props;
  const shared = useSharedLayers(name, digest);
  const steps = matchHistory(history, layers).map((step, place) => ({ ...step, place }));
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{words.sizes(formatBytes(total), layers.length)}</Header>}>
        <LayerBar layers={layers} label={words.picture(layers.map((layer) => formatBytes(layer.size)))} />
      </Container>
      <Table
        items={steps}
        wrapLines
        trackBy={(step) => String(step.place)}
        ariaLabels={{ tableLabel: words.history }}
        columnDefinitions={[
          { id: "step", header: words.step, cell: (step) => step.place + 1, width: 75 },
          {
            id: "created-by",
            header: words.createdBy,
            cell: (step) => tellStep(step),
            isRowHeader: true,
            minWidth: 200,
          },
          {
            id: "size",
            header: text.images.size,
            cell: (step) => (step.layer === null ? words.noLayer : formatBytes(step.layer.size)),
            width: 120,
            minWidth: 100,
          },
          {
            id: "layer",
            header: words.layer,
            cell: ({ layer }) =>
              layer === null ? "–" : <Copyable value={layer.digest} shown={shortDigest(layer.digest)} />,
            width: 230,
            minWidth: 230,
          },
          {
            id: "shared",
            header: words.shared,
            cell: ({ layer }) => (layer === null ? "–" : (countOf(shared.data, layer.digest) ?? "–")),
            width: 110,
          },
          {
            id: "files",
            header: words.files,
            cell: ({ layer }) =>
              layer === null ? (
                "–"
              ) : (
                <PageLink
                  to={paths.layerFiles(name, digest, layer.digest, "")}
                  ariaLabel={words.filesOf(shortDigest(layer.digest))}
                >
                  {words.show}
                </PageLink>
              ),
            width: 100,
          },
        ]}
        header={<Header variant="h2">{words.history}</Header>}
        empty={<Box textAlign="center">{text.none}</Box>}
      />
      <SharedLayers layers={layers} shared={shared} />
    </SpaceBetween>
  );
}

function tellStep({ history }: LayerStep): ReactNode {
  if (history === null) {
    return words.untold;
  }
  return (
    <span className="digest">{formatForeign(history.createdBy || history.comment) || words.untold}</span>
  );
}
