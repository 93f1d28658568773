/** A page of users, groups, roles or policies: all of them in a table, and a button for another one. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useCallback } from "react";
import type { Listing } from "../../api/listing";
import { type Column, LongTable } from "../../shell/long_table";
import { text } from "../../text";

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
      <LongTable
        id={id}
        columns={columns}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        ariaLabel={words.title}
        sortedBy="name"
        empty={<Box textAlign="center">{words.none}</Box>}
        header={(counter) => (
          <Header
            variant="h1"
            counter={counter}
            description={words.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={listing.refresh} />
                <Button variant="primary" onClick={onCreate}>
                  {words.create}
                </Button>
              </SpaceBetween>
            }
          >
            {words.title}
          </Header>
        )}
      />
    </ContentLayout>
  );
}
