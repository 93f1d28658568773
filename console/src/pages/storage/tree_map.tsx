/** Repositories by size: rectangles whose areas are their shares, each a link. */

import { type ReactNode, useMemo } from "react";
import { Link } from "react-router";
import type { RepositoryStatistics } from "../../../generated/entrepot";
import { tile } from "../../domain/tree_map";
import { formatBytes } from "../../format";
import { paths } from "../../paths";
import { text } from "../../text";

const words = text.storage;
/** The proportions of the room; what is drawn are percentages of it. */
const WIDTH = 1200;
const HEIGHT = 340;
/** Dark enough for white text on each: 4.5 to 1 (WCAG 2.2, 1.4.3). */
const COLOURS = ["#3759ce", "#a82a54", "#1b7267", "#6b3fb8", "#a5501f", "#46617f"];

interface Share {
  /** Null of all that are not named. */
  name: string | null;
  bytes: number;
}

export function TreeMap(props: { repositories: RepositoryStatistics[]; total: number }): ReactNode {
  const { repositories, total } = props;
  const tiles = useMemo(
    () => tile(shares(repositories, total), sizeOf, WIDTH, HEIGHT),
    [repositories, total],
  );
  return (
    <ul className="tree-map" aria-label={words.map}>
      {tiles.map(({ of, x, y, width, height }, place) => {
        const label = `${of.name ?? words.others}, ${formatBytes(of.bytes)}`;
        return (
          <li
            key={of.name ?? ""}
            title={label}
            style={{
              insetInlineStart: `${(x / WIDTH) * 100}%`,
              insetBlockStart: `${(y / HEIGHT) * 100}%`,
              inlineSize: `${(width / WIDTH) * 100}%`,
              blockSize: `${(height / HEIGHT) * 100}%`,
              backgroundColor: COLOURS[place % COLOURS.length],
            }}
          >
            {of.name === null ? <span>{label}</span> : <Link to={paths.repository(of.name)}>{label}</Link>}
          </li>
        );
      })}
    </ul>
  );
}

function shares(repositories: RepositoryStatistics[], total: number): Share[] {
  const named = repositories.map((one) => ({ name: one.repositoryName ?? "", bytes: one.sizeBytes ?? 0 }));
  const rest = total - named.reduce((sum, one) => sum + one.bytes, 0);
  return rest > 0 ? [...named, { name: null, bytes: rest }] : named;
}

function sizeOf(share: Share): number {
  return share.bytes;
}
