/** A long table of what a listing gives, with its title, how many there are, and buttons. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import type { ReactNode } from "react";
import type { Listing } from "../api/listing";
import { text } from "../text";
import { Buttons } from "./buttons";
import { LongTable, type LongTableProps } from "./long_table";

type OfListing = "entries" | "isComplete" | "failure" | "header" | "empty" | "variant" | "ariaLabel";

export interface ListingTableProps<T> extends Omit<LongTableProps<T>, OfListing> {
  listing: Omit<Listing<T>, "refresh">;
  title: string;
  description?: string;
  /** What readers of the screen are told, where it is not the title. */
  ariaLabel?: string;
  /** Whether the table is all of a page; else it is a part of one. */
  isPage?: boolean;
  /** Looks again; without it there is no button for it. */
  onRefresh?: () => void;
  /** What the button is called, where a page has several of them. */
  refreshLabel?: string;
  /** More buttons. */
  actions?: ReactNode;
  /** What is told where there are no entries. */
  empty: string;
}

export function ListingTable<T>(props: ListingTableProps<T>): ReactNode {
  const { listing, title, description, ariaLabel = title, isPage = false, empty, ...rest } = props;
  const { onRefresh, refreshLabel = text.refresh, actions, ...table } = rest;
  return (
    <LongTable
      {...table}
      variant={isPage ? "full-page" : "container"}
      entries={listing.entries}
      isComplete={listing.isComplete}
      failure={listing.failure}
      ariaLabel={ariaLabel}
      empty={<Box textAlign="center">{empty}</Box>}
      header={(counter) => (
        <Header
          variant={isPage ? "h1" : "h2"}
          counter={counter}
          description={description}
          actions={
            <Buttons>
              {onRefresh && <Button iconName="refresh" ariaLabel={refreshLabel} onClick={onRefresh} />}
              {actions}
            </Buttons>
          }
        >
          {title}
        </Header>
      )}
    />
  );
}
