/** The layers of an image beside each other, each as wide as its share of the bytes. */

import type { ReactNode } from "react";
import type { Descriptor } from "../../domain/manifest";
import { formatBytes, shortDigest } from "../../format";

/** Of equal lightness, so that none stands out; neighbours differ in hue. */
const COLOURS = ["#688ae8", "#c33d69", "#2ea597", "#8456ce", "#e07941", "#3759ce"];
const WIDTH = 1000;
const HEIGHT = 40;

/** Layers that are not among the `shown` are left empty. */
export function LayerBar(props: {
  layers: readonly Descriptor[];
  label: string;
  shown?: ReadonlySet<string>;
}): ReactNode {
  const { layers, label, shown } = props;
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  let start = 0;
  return (
    <svg
      className={shown === undefined ? "layers" : "layers part"}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {layers.map((layer, place) => {
        const left = start;
        const width = total === 0 ? 0 : (layer.size / total) * WIDTH;
        start += width;
        const isShown = shown?.has(layer.digest) ?? true;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: an image may have a layer twice
            key={place}
            x={left}
            width={width}
            height={HEIGHT}
            fill={isShown ? COLOURS[place % COLOURS.length] : "none"}
          >
            <title>{`${shortDigest(layer.digest)} ${formatBytes(layer.size)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
