/** Names with values, where both are other people's text. */

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { formatForeign } from "../format";
import { text } from "../text";

export function PairTable(props: {
  title: string;
  name: string;
  value: string;
  pairs: [string, string][];
}): ReactNode {
  const { title, name, value, pairs } = props;
  return (
    <Table
      items={pairs}
      wrapLines
      ariaLabels={{ tableLabel: title }}
      columnDefinitions={[
        { id: "name", header: name, cell: ([one]) => foreign(one), isRowHeader: true, minWidth: 160 },
        { id: "value", header: value, cell: ([, one]) => foreign(one), minWidth: 240 },
      ]}
      header={
        <Header variant="h2" counter={`(${pairs.length})`}>
          {title}
        </Header>
      }
      empty={<Box textAlign="center">{text.none}</Box>}
    />
  );
}

function foreign(one: string): ReactNode {
  return <span className="foreign">{formatForeign(one)}</span>;
}
