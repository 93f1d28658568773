/** A button that takes a table away as CSV: what the filter leaves of it, in the order that is shown. */

import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { noteFailure } from "../api/endings";
import { type Cell, csvFileName, csvLine } from "../domain/csv";
import { formatCount } from "../format";
import { text } from "../text";
import { useNotices } from "./notifications";

export interface CsvColumn<T, Known> {
  name: string;
  /** `known` is what was asked for beside the rows. */
  cell: (row: T, known: Known) => Cell;
}

export interface CsvDownloadProps<T, Known> {
  /** What the file's name says before the day. */
  fileName: readonly string[];
  rows: () => readonly T[];
  columns: readonly CsvColumn<T, Known>[];
  /** Asks for what the rows do not have; `tell` is called with how many it has come to. */
  fetchKnown: (signal: AbortSignal, tell: (count: number) => void) => Promise<Known>;
  disabled?: boolean;
}

const LINES_AT_ONCE = 10_000;

export function CsvDownload<T, Known>(props: CsvDownloadProps<T, Known>): ReactNode {
  const { fileName, rows, columns, fetchKnown, disabled = false } = props;
  const { tellFailure } = useNotices();
  const running = useRef<AbortController | null>(null);
  const [count, setCount] = useState<number | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const cancel = () => {
    running.current?.abort();
    running.current = null;
    setCount(null);
  };
  const download = async () => {
    const abort = new AbortController();
    running.current = abort;
    setCount(0);
    try {
      const known = await fetchKnown(abort.signal, setCount);
      if (!abort.signal.aborted) {
        save(csvFileName(fileName, new Date()), csvParts(columns, rows(), known));
      }
    } catch (failure) {
      if (!abort.signal.aborted) {
        noteFailure(failure);
        tellFailure(failure);
      }
    } finally {
      if (running.current === abort) {
        cancel();
      }
    }
  };
  if (count !== null) {
    return (
      <SpaceBetween direction="horizontal" size="xs">
        <Button loading loadingText={text.csv.running} disabled>
          {text.csv.progress(formatCount(count))}
        </Button>
        <Button variant="inline-link" onClick={cancel}>
          {text.cancel}
        </Button>
      </SpaceBetween>
    );
  }
  return (
    <Button iconName="download" disabled={disabled} onClick={() => void download()}>
      {text.csv.download}
    </Button>
  );
}

function csvParts<T, Known>(
  columns: readonly CsvColumn<T, Known>[],
  rows: readonly T[],
  known: Known,
): string[] {
  const parts = [csvLine(columns.map((column) => column.name))];
  for (let start = 0; start < rows.length; start += LINES_AT_ONCE) {
    const some = rows.slice(start, start + LINES_AT_ONCE);
    parts.push(some.map((row) => csvLine(columns.map((column) => column.cell(row, known)))).join(""));
  }
  return parts;
}

function save(name: string, parts: string[]): void {
  const address = URL.createObjectURL(new Blob(parts, { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
