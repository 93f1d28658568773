/** What the audit page asks: events of one question, page after page as the reader turns them. */

import { type Event, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import type { Lookup } from "../../domain/events";
import { useClients } from "../../session/context";

const PAGE = 50; // the most that LookupEvents gives at once

export interface EventPage {
  events: Event[];
  next: string | undefined;
}

export function useEvents(
  lookup: Lookup,
  round: number,
): UseInfiniteQueryResult<InfiniteData<EventPage, string | undefined>> {
  const { cloudTrail } = useClients();
  const { attribute, value, since, until } = lookup;
  return useInfiniteQuery({
    queryKey: ["events", lookup, round],
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: EventPage) => page.next,
    queryFn: async ({ pageParam, signal }) => {
      const page = await cloudTrail.send(
        new LookupEventsCommand({
          MaxResults: PAGE,
          NextToken: pageParam,
          ...(attribute === null
            ? {}
            : { LookupAttributes: [{ AttributeKey: attribute, AttributeValue: value }] }),
          ...(since === null ? {} : { StartTime: since }),
          ...(until === null ? {} : { EndTime: until }),
        }),
        { abortSignal: signal },
      );
      return { events: page.Events ?? [], next: page.NextToken };
    },
  });
}
