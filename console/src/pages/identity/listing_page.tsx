/** A page of users, groups, roles, policies or providers: all of them in a table, and a button for another one. */

import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import { type ReactNode, useCallback } from "react";
import type { Listing } from "../../api/listing";
import { ListingTable } from "../../shell/listing_table";
import type { Column } from "../../shell/long_table";

export function ListingPage<T>(props: {
  /** The name under which the table's preferences are kept. */
  id: string;
  words: { title: string; create: string; description: string; filter: string; none: string };
  columns: Column<T>[];
  listing: Listing<T>;
  /** The same function every time. */
  nameOf: (entry: T) => string;
  /** Tells entries apart where their names do not. */
  idOf?: (entry: T) => string;
  onCreate: () => void;
}): ReactNode {
  const { id, words, columns, listing, nameOf, idOf = nameOf, onCreate } = props;
  const haystackOf = useCallback((entry: T) => nameOf(entry).toLowerCase(), [nameOf]);
  return (
    <ContentLayout>
      <ListingTable
        id={id}
        isPage
        title={words.title}
        description={words.description}
        columns={columns}
        listing={listing}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        sortedBy="name"
        empty={words.none}
        onRefresh={listing.refresh}
        actions={
          <Button variant="primary" onClick={onCreate}>
            {words.create}
          </Button>
        }
      />
    </ContentLayout>
  );
}
