/** The question to the audit: an attribute with its value, and a time. */

import type { LookupAttributeKey } from "@aws-sdk/client-cloudtrail";
import Button from "@cloudscape-design/components/button";
import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { ATTRIBUTES, type Lookup } from "../../domain/events";
import { text } from "../../text";

const words = text.events;
const ALL = { value: "", label: words.any };
const OPTIONS = [ALL, ...ATTRIBUTES.map((one) => ({ value: one, label: words.attributes[one] }))];
const PERIODS: DateRangePickerProps.RelativeOption[] = [
  { type: "relative", key: "hour", amount: 1, unit: "hour" },
  { type: "relative", key: "day", amount: 1, unit: "day" },
  { type: "relative", key: "week", amount: 1, unit: "week" },
  { type: "relative", key: "month", amount: 1, unit: "month" },
];
const SECONDS: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
  month: 30 * 86_400,
  year: 365 * 86_400,
};

export function EventFilter(props: { lookup: Lookup; onLookup: (lookup: Lookup) => void }): ReactNode {
  const { lookup, onLookup } = props;
  const [attribute, setAttribute] = useState<LookupAttributeKey | "">(lookup.attribute ?? "");
  const [value, setValue] = useState(lookup.value);
  const [period, setPeriod] = useState<DateRangePickerProps.Value | null>(periodOf(lookup));
  const isReady = attribute === "" || value !== "";
  const search = () =>
    onLookup({
      attribute: attribute === "" ? null : attribute,
      value: attribute === "" ? "" : value,
      ...momentsOf(period),
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) {
          search();
        }
      }}
    >
      <SpaceBetween direction="horizontal" size="m" alignItems="end">
        <FormField label={words.attribute}>
          <Select
            options={OPTIONS}
            selectedOption={OPTIONS.find((option) => option.value === attribute) ?? ALL}
            onChange={({ detail }) => setAttribute(detail.selectedOption.value as LookupAttributeKey | "")}
          />
        </FormField>
        <FormField label={words.value}>
          <Input
            value={value}
            disabled={attribute === ""}
            spellcheck={false}
            onChange={({ detail }) => setValue(detail.value)}
          />
        </FormField>
        <FormField label={words.period}>
          <DateRangePicker
            value={period}
            onChange={({ detail }) => setPeriod(detail.value)}
            relativeOptions={PERIODS}
            isValidRange={(range) =>
              range?.type === "absolute" && Date.parse(range.startDate) > Date.parse(range.endDate)
                ? { valid: false, errorMessage: words.wrongPeriod }
                : { valid: true }
            }
            placeholder={words.whenever}
            expandToViewport
          />
        </FormField>
        <Button variant="primary" formAction="submit" disabled={!isReady}>
          {words.search}
        </Button>
      </SpaceBetween>
    </form>
  );
}

/** What the address keeps is moments, also of "the last hour": whoever follows it finds the same events. */
function periodOf({ since, until }: Lookup): DateRangePickerProps.Value | null {
  if (since === null) {
    return null;
  }
  const end = until ?? new Date();
  return { type: "absolute", startDate: since.toISOString(), endDate: end.toISOString() };
}

function momentsOf(period: DateRangePickerProps.Value | null): Pick<Lookup, "since" | "until"> {
  if (period === null) {
    return { since: null, until: null };
  }
  if (period.type === "relative") {
    const seconds = period.amount * (SECONDS[period.unit] ?? 0);
    return { since: new Date(Date.now() - seconds * 1000), until: null };
  }
  return { since: new Date(period.startDate), until: new Date(period.endDate) };
}
