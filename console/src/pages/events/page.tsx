/** The audit: who changed what, looked for by one attribute and a time. The question stands in the address. */

import type { Event } from "@aws-sdk/client-cloudtrail";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { useSearchParams } from "react-router";
import { type Lookup, readLookup, readRecord, writeLookup } from "../../domain/events";
import { formatMoment } from "../../format";
import { InfoDialog } from "../../shell/dialogs";
import { FaultAlert } from "../../shell/fault";
import { JsonText } from "../../shell/json_text";
import { Page } from "../../shell/page";
import { text } from "../../text";
import { EventFilter } from "./filter";
import { useEvents } from "./queries";

const words = text.events;

export function EventsPage(): ReactNode {
  const [search, setSearch] = useSearchParams();
  const lookup = readLookup(search);
  const [round, setRound] = useState(0);
  const again = () => setRound((before) => before + 1);
  return (
    <Page
      title={words.title}
      description={words.description}
      actions={<Button iconName="refresh" ariaLabel={text.refresh} onClick={again} />}
    >
      <SpaceBetween size="l">
        <EventFilter
          key={search.toString()}
          lookup={lookup}
          onLookup={(next) => {
            setSearch(writeLookup(next));
            again();
          }}
        />
        <Events key={`${search.toString()} ${round}`} lookup={lookup} round={round} />
      </SpaceBetween>
    </Page>
  );
}

function Events({ lookup, round }: { lookup: Lookup; round: number }): ReactNode {
  const found = useEvents(lookup, round);
  const [page, setPage] = useState(1);
  const [shown, setShown] = useState<Event | null>(null);
  const pages = found.data?.pages ?? [];
  const turn = async (wanted: number) => {
    if (wanted > pages.length) {
      const more = await found.fetchNextPage();
      if (more.isError) {
        return;
      }
    }
    setPage(wanted);
  };
  return (
    <SpaceBetween size="s">
      <FaultAlert failure={found.error} />
      <Table
        items={pages[page - 1]?.events ?? []}
        trackBy={(event) => event.EventId ?? ""}
        loading={found.isFetching}
        loadingText={text.table.loading}
        wrapLines
        ariaLabels={{ tableLabel: words.title }}
        columnDefinitions={[
          { id: "time", header: words.time, cell: (event) => formatMoment(event.EventTime), width: 190 },
          {
            id: "name",
            header: words.name,
            cell: (event) => (
              <Button variant="inline-link" onClick={() => setShown(event)}>
                {event.EventName}
              </Button>
            ),
            isRowHeader: true,
            minWidth: 240,
          },
          { id: "user", header: words.user, cell: (event) => event.Username ?? "–" },
          { id: "resources", header: words.resources, cell: resourcesOf, minWidth: 160 },
          {
            id: "error",
            header: words.error,
            cell: (event) => readRecord(event.CloudTrailEvent).error || "–",
          },
          {
            id: "address",
            header: words.address,
            cell: (event) => readRecord(event.CloudTrailEvent).address || "–",
          },
          { id: "source", header: words.source, cell: (event) => event.EventSource ?? "–" },
        ]}
        pagination={
          <Pagination
            currentPageIndex={page}
            pagesCount={Math.max(1, pages.length)}
            openEnd={found.hasNextPage}
            disabled={found.isFetching}
            onChange={({ detail }) => void turn(detail.currentPageIndex)}
          />
        }
        empty={<Box textAlign="center">{words.none}</Box>}
      />
      {shown !== null && <EventDialog event={shown} onClose={() => setShown(null)} />}
    </SpaceBetween>
  );
}

function EventDialog({ event, onClose }: { event: Event; onClose: () => void }): ReactNode {
  const { address, error, indented } = readRecord(event.CloudTrailEvent);
  return (
    <InfoDialog title={event.EventName ?? ""} size="large" onClose={onClose}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.time, value: formatMoment(event.EventTime) },
            { label: words.user, value: event.Username ?? "–" },
            { label: words.key, value: event.AccessKeyId ?? "–" },
            { label: words.address, value: address || "–" },
            { label: words.error, value: error || "–" },
            { label: words.resources, value: resourcesOf(event) },
          ]}
        />
        <JsonText label={words.record} content={indented} />
      </SpaceBetween>
    </InfoDialog>
  );
}

function resourcesOf(event: Event): string {
  return event.Resources?.map((resource) => resource.ResourceName ?? "").join(", ") || "–";
}
