/** A table for lists of any length: filter, sort, pages, column choice, and what has come so far. */

import Box from "@cloudscape-design/components/box";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Listing } from "../api/listing";
import { formatCount } from "../format";
import { text } from "../text";
import { FaultAlert } from "./fault";
import { usePreferences } from "./preferences";
import { type Order, useRows } from "./rows";

export interface Column<T> extends TableProps.ColumnDefinition<T> {
  id: string;
  /** What the choice of columns calls it. */
  name: string;
  /** Whether it is shown until somebody chooses. */
  isStandard?: boolean;
  /** Whether the server puts the rows in its order: see `ranking`. */
  isRanked?: boolean;
}

export interface Sorting {
  by: string;
  isDescending: boolean;
}

export interface LongTableProps<T> {
  /** The name under which preferences are kept. */
  id: string;
  columns: Column<T>[];
  entries: readonly T[];
  isComplete: boolean;
  failure?: unknown;
  idOf: (entry: T) => string;
  /** What the filter looks in, in lower case; the same function every time. */
  haystackOf: (entry: T) => string;
  filterLabel: string;
  ariaLabel: string;
  selectionType?: "single" | "multi";
  selectionLabelOf?: (entry: T) => string;
  selected?: T[];
  onSelect?: (selected: T[]) => void;
  /** Called with the rows of the page that is shown, whenever they are others. */
  onShow?: (shown: readonly T[]) => void;
  sortedBy: string;
  isDescending?: boolean;
  /** Called with the order that somebody chose. */
  onSort?: (sorting: Sorting) => void;
  /** Ids in the order of the ranked column that was chosen, as far as they have come. */
  ranking?: Ranking;
  expandable?: TableProps.ExpandableRows<T>;
  variant?: TableProps.Variant;
  /** How many rows a page has until somebody chooses. */
  pageSize?: number;
  /** `matching` gives all rows that the filter leaves, in order. */
  header: (counter: string, matching: () => readonly T[]) => ReactNode;
  empty: ReactNode;
}

/** Ids in an order that the server keeps, as far as they have come. */
export type Ranking = Listing<string>;

const PAGE_SIZES = [10, 20, 50, 100];
const STANDARD_PAGE = 50;

export function LongTable<T>(props: LongTableProps<T>): ReactNode {
  const { id, columns, entries, isComplete, failure, idOf, haystackOf, selected = [], onSelect } = props;
  const [preferences, setPreferences] = usePreferences(id, {
    pageSize: props.pageSize ?? STANDARD_PAGE,
    contentDisplay: columns.map((column) => ({ id: column.id, visible: column.isStandard ?? true })),
  });
  const [sorting, setSorting] = useState<Sorting>({
    by: props.sortedBy,
    isDescending: props.isDescending ?? false,
  });
  const definitions = useMemo(
    () => columns.map((column) => (column.isRanked ? { ...column, sortingField: column.id } : column)),
    [columns],
  );
  const sortingColumn = definitions.find((column) => column.id === sorting.by);
  const ranking = sortingColumn?.isRanked ? props.ranking : undefined;
  const order = useOrder(sortingColumn, sorting.isDescending, ranking, idOf);
  const rows = useRows(entries, order, haystackOf, preferences.pageSize ?? STANDARD_PAGE);
  const { onShow } = props;
  useEffect(() => onShow?.(rows.items), [rows.items, onShow]);
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={failure ?? ranking?.failure} />
      <Table
        items={rows.items}
        sortingColumn={sortingColumn}
        sortingDescending={sorting.isDescending}
        onSortingChange={({ detail }) => {
          const column = definitions.find(
            (one) =>
              one.sortingComparator === detail.sortingColumn.sortingComparator &&
              one.sortingField === detail.sortingColumn.sortingField,
          );
          // What is most comes first where the server counts: that is what one looks for.
          const isAnother = column?.id !== sorting.by;
          const chosen = {
            by: column?.id ?? sorting.by,
            isDescending: column?.isRanked && isAnother ? true : (detail.isDescending ?? false),
          };
          setSorting(chosen);
          props.onSort?.(chosen);
          rows.setPage(1);
        }}
        columnDefinitions={definitions}
        columnDisplay={preferences.contentDisplay ?? []}
        trackBy={idOf}
        loading={!isComplete && entries.length === 0}
        loadingText={text.table.loading}
        variant={props.variant ?? "full-page"}
        stickyHeader
        resizableColumns
        expandableRows={props.expandable}
        selectionType={props.selectionType}
        selectedItems={selected}
        onSelectionChange={({ detail }) => onSelect?.(detail.selectedItems)}
        ariaLabels={{
          tableLabel: props.ariaLabel,
          selectionGroupLabel: text.table.selection,
          allItemsSelectionLabel: () => text.table.selectAll,
          itemSelectionLabel: (_, entry) => text.table.select(props.selectionLabelOf?.(entry) ?? idOf(entry)),
          expandButtonLabel: (entry) => text.table.expand(props.selectionLabelOf?.(entry) ?? idOf(entry)),
          collapseButtonLabel: (entry) => text.table.collapse(props.selectionLabelOf?.(entry) ?? idOf(entry)),
        }}
        header={props.header(counter(entries.length, isComplete, ranking), () => rows.matching)}
        filter={
          <TextFilter
            filteringText={rows.wanted}
            onChange={({ detail }) => rows.setWanted(detail.filteringText)}
            filteringPlaceholder={props.filterLabel}
            filteringAriaLabel={props.filterLabel}
            countText={text.table.matches(formatCount(rows.matching.length))}
          />
        }
        pagination={
          <Pagination
            currentPageIndex={rows.page}
            pagesCount={rows.pages}
            onChange={({ detail }) => rows.setPage(detail.currentPageIndex)}
          />
        }
        preferences={
          <CollectionPreferences
            title={text.table.preferences}
            confirmLabel={text.confirmButton}
            cancelLabel={text.cancel}
            preferences={preferences}
            onConfirm={({ detail }) => setPreferences({ ...detail })}
            pageSizePreference={{
              title: text.table.pageSize,
              options: PAGE_SIZES.map((size) => ({ value: size, label: text.table.rows(size) })),
            }}
            contentDisplayPreference={{
              title: text.table.columns,
              options: columns.map((column, place) => ({
                id: column.id,
                label: column.name,
                alwaysVisible: place === 0,
              })),
            }}
          />
        }
        empty={
          rows.wanted === "" ? (
            props.empty
          ) : (
            <Box textAlign="center" color="inherit">
              {text.table.noMatch}
            </Box>
          )
        }
      />
    </SpaceBetween>
  );
}

/** The order that is shown: that of before, until the first rows of a ranking have come. */
function useOrder<T>(
  column: Column<T> | undefined,
  isDescending: boolean,
  ranking: Ranking | undefined,
  idOf: (entry: T) => string,
): Order<T> | null {
  const compare = column?.sortingComparator;
  const ids = ranking?.entries;
  const order = useMemo<Order<T> | null>(() => {
    if (ids !== undefined && ids.length > 0) {
      return { ids, idOf };
    }
    return compare === undefined ? null : { compare, isDescending };
  }, [compare, isDescending, ids, idOf]);
  const shown = useRef(order);
  shown.current = order ?? shown.current;
  return shown.current;
}

function counter(count: number, isComplete: boolean, ranking: Ranking | undefined): string {
  const ordered =
    ranking === undefined || ranking.isComplete
      ? ""
      : text.table.ordered(formatCount(ranking.entries.length));
  return `(${formatCount(count)}${isComplete ? "" : "+"}${ordered})`;
}
