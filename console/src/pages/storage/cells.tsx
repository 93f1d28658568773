/** Cells with what is known of the rows that are shown, which comes after the rows themselves. */

import type { ImageDetail, Repository } from "@aws-sdk/client-ecr";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { RepositoryStatistics } from "../../../generated/entrepot";
import { formatCount } from "../../format";
import { type ShownRows, useRowsOf } from "../../shell/shown_rows";
import { useImagePulls, useRepositoryStatistics } from "./queries";

const StatisticsContext = createContext<ReadonlyMap<string, RepositoryStatistics>>(new Map());
const PullsContext = createContext<ReadonlyMap<string, number>>(new Map());

export function RepositoryStatisticsProvider(props: {
  shown: ShownRows<Repository>;
  children: ReactNode;
}): ReactNode {
  const rows = useRowsOf(props.shown);
  const names = useMemo(() => rows.map((one) => one.repositoryName ?? ""), [rows]);
  return <StatisticsContext value={useRepositoryStatistics(names)}>{props.children}</StatisticsContext>;
}

export function StatisticsCell(props: {
  repository: Repository;
  tell: (statistics: RepositoryStatistics) => string;
}): ReactNode {
  const found = useContext(StatisticsContext).get(props.repository.repositoryName ?? "");
  return found === undefined ? "–" : props.tell(found);
}

export function ImagePullsProvider(props: {
  name: string;
  shown: ShownRows<ImageDetail>;
  /** What is shown below other rows. */
  below: readonly ImageDetail[];
  children: ReactNode;
}): ReactNode {
  const { name, shown, below, children } = props;
  const rows = useRowsOf(shown);
  const digests = useMemo(
    () => [...new Set([...rows, ...below].map((image) => image.imageDigest ?? ""))],
    [rows, below],
  );
  return <PullsContext value={useImagePulls(name, digests)}>{children}</PullsContext>;
}

export function PullsCell({ image }: { image: ImageDetail }): ReactNode {
  const count = useContext(PullsContext).get(image.imageDigest ?? "");
  return count === undefined ? "–" : formatCount(count);
}
