/** The steps that an image was built in, each with the layer that it made, and the layers' sizes as a picture. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { type Descriptor, type HistoryEntry, type LayerStep, matchHistory } from "../../domain/manifest";
import { formatBytes, shortDigest } from "../../format";
import { Copyable } from "../../shell/copyable";
import { text } from "../../text";

const words = text.layers;
/** Of equal lightness, so that none stands out; neighbours differ in hue. */
const COLOURS = ["#688ae8", "#c33d69", "#2ea597", "#8456ce", "#e07941", "#3759ce"];
const WIDTH = 1000;
const HEIGHT = 40;

export function LayersView(props: { layers: Descriptor[]; history: HistoryEntry[] }): ReactNode {
  const { layers, history } = props;
  const steps = matchHistory(history, layers).map((step, place) => ({ ...step, place }));
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{words.sizes(formatBytes(total), layers.length)}</Header>}>
        <Picture layers={layers} total={total} />
      </Container>
      <Table
        items={steps}
        wrapLines
        trackBy={(step) => String(step.place)}
        ariaLabels={{ tableLabel: words.history }}
        columnDefinitions={[
          { id: "step", header: words.step, cell: (step) => step.place + 1, width: 80 },
          {
            id: "created-by",
            header: words.createdBy,
            cell: (step) => tellStep(step),
            isRowHeader: true,
          },
          {
            id: "size",
            header: text.images.size,
            cell: (step) => (step.layer === null ? words.noLayer : formatBytes(step.layer.size)),
            width: 120,
          },
          {
            id: "layer",
            header: words.layer,
            cell: ({ layer }) =>
              layer === null ? "–" : <Copyable value={layer.digest} shown={shortDigest(layer.digest)} />,
            width: 260,
          },
        ]}
        header={<Header variant="h2">{words.history}</Header>}
        empty={<Box textAlign="center">{text.none}</Box>}
      />
    </SpaceBetween>
  );
}

function tellStep({ history }: LayerStep): ReactNode {
  if (history === null) {
    return words.untold;
  }
  return <span className="digest">{history.createdBy || history.comment || words.untold}</span>;
}

/** Each layer as wide as its share of the bytes. */
function Picture({ layers, total }: { layers: Descriptor[]; total: number }): ReactNode {
  let start = 0;
  return (
    <svg
      className="layers"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words.picture(layers.map((layer) => formatBytes(layer.size)))}
    >
      {layers.map((layer, place) => {
        const left = start;
        const width = total === 0 ? 0 : (layer.size / total) * WIDTH;
        start += width;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an image may have a layer twice
          <rect key={place} x={left} width={width} height={HEIGHT} fill={COLOURS[place % COLOURS.length]}>
            <title>{`${shortDigest(layer.digest)} ${formatBytes(layer.size)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
