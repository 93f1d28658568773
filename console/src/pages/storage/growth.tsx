/** How much there was day by day. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import LineChart from "@cloudscape-design/components/line-chart";
import type { ReactNode } from "react";
import type { StatisticsPoint } from "../../../generated/entrepot";
import { formatBytes, formatDay } from "../../format";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { useStatisticsHistory } from "./queries";

const words = text.storage;
const HEIGHT = 260;

export function Growth(): ReactNode {
  const history = useStatisticsHistory();
  // One day is no growth, and a line of one point is not seen.
  const points = history.data !== undefined && history.data.length > 1 ? history.data : [];
  return (
    <Container header={<Header variant="h2">{words.growth}</Header>}>
      <FaultAlert failure={history.error} />
      <LineChart
        height={HEIGHT}
        hideFilter
        xScaleType="time"
        xTitle={words.day}
        yTitle={words.bytes}
        yDomain={[0, most(points)]}
        xTickFormatter={formatDay}
        i18nStrings={{ xTickFormatter: formatDay, yTickFormatter: formatBytes }}
        ariaLabel={words.growth}
        statusType={history.isPending ? "loading" : "finished"}
        loadingText={text.table.loading}
        series={
          points.length === 0
            ? []
            : [line(words.logical, points, "sizeBytes"), line(words.stored, points, "storedBytes")]
        }
        empty={<Box textAlign="center">{words.noHistory}</Box>}
      />
    </Container>
  );
}

function line(title: string, points: StatisticsPoint[], member: "sizeBytes" | "storedBytes") {
  const data = points.flatMap((point) => {
    const y = point[member];
    return y === undefined ? [] : [{ x: new Date((point.day ?? 0) * 1000), y }];
  });
  return { title, type: "line" as const, data, valueFormatter: formatBytes };
}

function most(points: StatisticsPoint[]): number {
  return Math.max(1, ...points.flatMap((point) => [point.sizeBytes ?? 0, point.storedBytes ?? 0])) * 1.1;
}
