/**
 * Tables as CSV (RFC 4180) for spreadsheets: nothing that anybody wrote is a formula in them (attack 48).
 *
 * One rule, here and in src/entrepot/administration/spreadsheets.py, which tells it in full;
 * tests/unit/administration/csv_cells.json shows what it gives.
 */

export type Cell = string | number | Date | null | undefined;

const LEADING = /^(?=[=+\-@＝＋－＠\t\r\n])/;
const WITHIN = /([;\t\r\n] *)(?=[=+\-@＝＋－＠])/g;
const QUOTED = /[,;"\t\r\n]/;

/** A line, with its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

export function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) {
    return "";
  }
  if (typeof cell === "number") {
    return String(cell);
  }
  if (cell instanceof Date) {
    return cell.toISOString().replace(/\.\d+Z$/, "Z");
  }
  const inert = cell.replace(WITHIN, "$1'").replace(LEADING, "'");
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** `images-team-app-2026-11-26.csv`, with nothing in it that a file system minds. */
export function csvFileName(parts: readonly string[], day: Date): string {
  const told = [...parts, day.toISOString().slice(0, 10)].map((part) =>
    part.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+|[.-]+$/g, ""),
  );
  return `${told.join("-")}.csv`;
}
