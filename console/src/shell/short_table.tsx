/** A table of few rows as a part of a page: all of them are shown, with how many there are. */

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { text } from "../text";
import { Buttons } from "./buttons";
import { FaultAlert } from "./fault";

export interface ShortTableProps<T> {
  title: string;
  description?: string;
  columns: TableProps.ColumnDefinition<T>[];
  /** Undefined until they are known. */
  rows: readonly T[] | undefined;
  /** How many there may be, where that is few. */
  most?: number;
  failure: unknown;
  actions?: ReactNode;
  /** What is told where there are no rows. */
  empty: string;
}

export function ShortTable<T>(props: ShortTableProps<T>): ReactNode {
  const { title, description, columns, rows, most, failure, actions, empty } = props;
  const hasFailed = failure !== null && failure !== undefined;
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={failure} />
      <Table
        items={rows ?? []}
        loading={rows === undefined && !hasFailed}
        loadingText={text.table.loading}
        wrapLines
        ariaLabels={{ tableLabel: title }}
        columnDefinitions={columns}
        header={
          <Header
            variant="h2"
            counter={counter(rows, most)}
            description={description}
            actions={actions === undefined ? undefined : <Buttons>{actions}</Buttons>}
          >
            {title}
          </Header>
        }
        empty={<Box textAlign="center">{rows === undefined ? "–" : empty}</Box>}
      />
    </SpaceBetween>
  );
}

function counter(rows: readonly unknown[] | undefined, most: number | undefined): string {
  const count = String(rows?.length ?? 0);
  return most === undefined ? `(${count})` : `(${count}/${most})`;
}
