/** A table for lists of any length: filter, sort, pages, column choice, and what has come so far. */

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import type { ReactNode } from "react";
import { formatCount } from "../format";
import { text } from "../text";
import { FaultAlert } from "./fault";
import { usePreferences } from "./preferences";

export interface Column<T> extends TableProps.ColumnDefinition<T> {
  id: string;
  /** What the choice of columns calls it. */
  name: string;
  /** Whether it is shown until somebody chooses. */
  isStandard?: boolean;
}

export interface LongTableProps<T> {
  /** The name under which preferences are kept. */
  id: string;
  columns: Column<T>[];
  entries: readonly T[];
  isComplete: boolean;
  failure?: unknown;
  idOf: (entry: T) => string;
  /** What the filter looks in, in lower case. */
  haystackOf: (entry: T) => string;
  filterLabel: string;
  ariaLabel: string;
  selectionType?: "single" | "multi";
  selectionLabelOf?: (entry: T) => string;
  selected?: T[];
  onSelect?: (selected: T[]) => void;
  sortedBy: string;
  isDescending?: boolean;
  expandable?: TableProps.ExpandableRows<T>;
  variant?: TableProps.Variant;
  header: (counter: string) => ReactNode;
  empty: ReactNode;
}

const PAGE_SIZES = [10, 20, 50, 100];

export function LongTable<T>(props: LongTableProps<T>): ReactNode {
  const { id, columns, entries, isComplete, failure, idOf, haystackOf, selected = [], onSelect } = props;
  const [preferences, setPreferences] = usePreferences(id, {
    pageSize: 50,
    contentDisplay: columns.map((column) => ({ id: column.id, visible: column.isStandard ?? true })),
  });
  const sortingColumn = columns.find((column) => column.id === props.sortedBy);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(
    entries,
    {
      filtering: {
        filteringFunction: (entry, wanted) => haystackOf(entry).includes(wanted.toLowerCase()),
        noMatch: (
          <Box textAlign="center" color="inherit">
            {text.table.noMatch}
          </Box>
        ),
      },
      pagination: { pageSize: preferences.pageSize ?? 50 },
      sorting: sortingColumn
        ? { defaultState: { sortingColumn, isDescending: props.isDescending ?? false } }
        : {},
    },
  );
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={failure} />
      <Table
        {...collectionProps}
        items={items}
        columnDefinitions={columns}
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
        header={props.header(counter(entries.length, isComplete))}
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={props.filterLabel}
            filteringAriaLabel={props.filterLabel}
            countText={text.table.matches(formatCount(filteredItemsCount ?? 0))}
          />
        }
        pagination={<Pagination {...paginationProps} />}
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
        empty={props.empty}
      />
    </SpaceBetween>
  );
}

function counter(count: number, isComplete: boolean): string {
  return `(${formatCount(count)}${isComplete ? "" : "+"})`;
}
