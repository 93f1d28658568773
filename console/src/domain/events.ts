/** Questions to the audit as addresses keep them, and what a record tells beside what CloudTrail lists. */

import type { LookupAttributeKey } from "@aws-sdk/client-cloudtrail";

export interface Lookup {
  /** Null for all events. */
  attribute: LookupAttributeKey | null;
  value: string;
  since: Date | null;
  until: Date | null;
}

export const ATTRIBUTES: LookupAttributeKey[] = [
  "EventName",
  "Username",
  "ResourceName",
  "ResourceType",
  "AccessKeyId",
  "EventSource",
  "EventId",
  "ReadOnly",
];

/** What is no question in an address is left out of it. */
export function readLookup(search: URLSearchParams): Lookup {
  const attribute = ATTRIBUTES.find((one) => one === search.get("attribute")) ?? null;
  const value = search.get("value") ?? "";
  return {
    attribute: value === "" ? null : attribute,
    value: attribute === null ? "" : value,
    since: readMoment(search.get("since")),
    until: readMoment(search.get("until")),
  };
}

export function writeLookup(lookup: Lookup): Record<string, string> {
  const { attribute, value, since, until } = lookup;
  return {
    ...(attribute === null ? {} : { attribute, value }),
    ...(since === null ? {} : { since: since.toISOString() }),
    ...(until === null ? {} : { until: until.toISOString() }),
  };
}

function readMoment(text: string | null): Date | null {
  const moment = new Date(text ?? "");
  return text === null || Number.isNaN(moment.getTime()) ? null : moment;
}

export interface EventRecord {
  address: string;
  /** "" where it was done. */
  error: string;
  indented: string;
}

/** What a CloudTrail record says; it may say anything. */
export function readRecord(record: string | undefined): EventRecord {
  const said = record ?? "";
  try {
    const document: unknown = JSON.parse(said);
    const members = (typeof document === "object" && document !== null ? document : {}) as Record<
      string,
      unknown
    >;
    return {
      address: typeof members.sourceIPAddress === "string" ? members.sourceIPAddress : "",
      error: typeof members.errorCode === "string" ? members.errorCode : "",
      indented: JSON.stringify(document, null, 2),
    };
  } catch {
    return { address: "", error: "", indented: said };
  }
}
