/** What a policy would do to the images that are there: a preview as ECR makes it, with the reason for every image. */

import type { LifecyclePolicyPreviewResult, LifecyclePolicyPreviewStatus } from "@aws-sdk/client-ecr";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useMemo, useState } from "react";
import type { LifecycleDecision, LifecycleSummary } from "../../../../generated/entrepot";
import type { Listing } from "../../../api/listing";
import { formatBytes, formatCount, momentOf, shortDigest } from "../../../format";
import { paths } from "../../../paths";
import { column, countColumn, textColumn, timeColumn } from "../../../shell/columns";
import { FaultAlert } from "../../../shell/fault";
import { PageLink } from "../../../shell/links";
import { ListingTable } from "../../../shell/listing_table";
import type { Column } from "../../../shell/long_table";
import { text } from "../../../text";
import { type PreviewState, useDecisions, usePreview, usePreviewResults } from "./queries";

const words = text.lifecyclePreview;

/** An image and what becomes of it. */
interface Fate {
  digest: string;
  tags: string[];
  pushedAt: Date | undefined;
  /** In words. */
  action: string;
  isChanged: boolean;
  priority: number | undefined;
  because: string;
}

export function LifecyclePreview(props: { name: string; policy: string; round: number }): ReactNode {
  const { name, policy, round } = props;
  const { state, failure } = usePreview(name, policy, round);
  return (
    <SpaceBetween size="l">
      <FaultAlert failure={failure} />
      {!failure && state?.status !== "COMPLETE" && <Progress status={state?.status} />}
      {state?.status === "COMPLETE" && <Result name={name} policy={policy} round={round} preview={state} />}
    </SpaceBetween>
  );
}

/** ECR tells that a preview is on its way, and not how far it is. */
function Progress({ status }: { status: LifecyclePolicyPreviewStatus | undefined }): ReactNode {
  return (
    <Container header={<Header variant="h2">{words.title}</Header>}>
      {status === undefined || status === "IN_PROGRESS" ? (
        <StatusIndicator type="loading">{words.running}</StatusIndicator>
      ) : (
        <StatusIndicator type="error">{status}</StatusIndicator>
      )}
    </Container>
  );
}

function Result(props: { name: string; policy: string; round: number; preview: PreviewState }): ReactNode {
  const { name, policy, round, preview } = props;
  const explained = useDecisions(name, policy, round);
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header variant="h2" description={words.description}>
            {words.title}
          </Header>
        }
      >
        <Summary preview={preview} summary={explained.summary} />
      </Container>
      {explained.listing.failure ? (
        <>
          <FaultAlert failure={explained.listing.failure} />
          <Results name={name} round={round} />
        </>
      ) : (
        <Decisions
          name={name}
          entries={explained.listing.entries}
          isComplete={explained.listing.isComplete}
        />
      )}
    </SpaceBetween>
  );
}

function Summary(props: { preview: PreviewState; summary: LifecycleSummary | null }): ReactNode {
  const { preview, summary } = props;
  const archived = preview.summary?.transitioningImageTotalCounts?.[0]?.imageTotalCount ?? 0;
  const counted = (count: number | undefined) => formatCount(count ?? 0);
  return (
    <KeyValuePairs
      columns={summary === null ? 2 : 5}
      items={[
        { label: words.expiring, value: counted(preview.summary?.expiringImageTotalCount) },
        { label: words.archived, value: counted(archived) },
        ...(summary === null
          ? []
          : [
              ...(summary.untaggedTagCount
                ? [{ label: words.untagged, value: counted(summary.untaggedTagCount) }]
                : []),
              { label: words.freed, value: formatBytes(summary.freedBytes ?? 0) },
              { label: words.pinned, value: counted(summary.pinnedImageCount) },
              { label: words.inUse, value: counted(summary.usedImageCount) },
            ]),
      ]}
    />
  );
}

/** Every image, also those that stay, each with the reason. */
function Decisions(props: {
  name: string;
  entries: readonly LifecycleDecision[];
  isComplete: boolean;
}): ReactNode {
  const { name, entries, isComplete } = props;
  const [isChangedOnly, setChangedOnly] = useState(false);
  const fates = useMemo(() => {
    const all = entries.map(fateOfDecision);
    return isChangedOnly ? all.filter((fate) => fate.isChanged) : all;
  }, [entries, isChangedOnly]);
  return (
    <FateTable
      name={name}
      listing={{ entries: fates, isComplete, failure: null }}
      actions={
        <Toggle checked={isChangedOnly} onChange={({ detail }) => setChangedOnly(detail.checked)}>
          {words.onlyChanged}
        </Toggle>
      }
    />
  );
}

/** What ECR's own preview tells, where the reader may not ask for the reasons. */
function Results({ name, round }: { name: string; round: number }): ReactNode {
  const results = usePreviewResults(name, round);
  const fates = useMemo(() => results.entries.map(fateOfResult), [results.entries]);
  return <FateTable name={name} listing={{ ...results, entries: fates }} />;
}

function FateTable(props: {
  name: string;
  listing: Omit<Listing<Fate>, "refresh">;
  actions?: ReactNode;
}): ReactNode {
  const { name, listing, actions } = props;
  const columns = useMemo(() => columnsOf(name), [name]);
  return (
    <ListingTable
      id="lifecycle-preview"
      title={text.images.title}
      ariaLabel={words.title}
      columns={columns}
      listing={listing}
      idOf={(fate) => fate.digest}
      haystackOf={haystackOf}
      filterLabel={words.filter}
      sortedBy="pushed"
      empty={words.nothing}
      actions={actions}
    />
  );
}

function columnsOf(name: string): Column<Fate>[] {
  return [
    {
      ...column("tags", text.images.tags, (fate: Fate) => (
        <PageLink to={paths.image(name, fate.digest)}>
          {fate.tags.join(", ") || shortDigest(fate.digest)}
        </PageLink>
      )),
      isRowHeader: true,
      minWidth: 180,
    },
    { ...textColumn("action", words.action, (fate: Fate) => fate.action), minWidth: 120 },
    countColumn("priority", words.priority, (fate) => fate.priority),
    { ...column("because", words.because, (fate: Fate) => fate.because), minWidth: 320 },
    timeColumn("pushed", words.pushed, (fate) => fate.pushedAt),
  ];
}

function fateOfDecision(decision: LifecycleDecision): Fate {
  const removed = (decision.tags ?? []).filter((tag) => tag.isRemoved).map((tag) => tag.imageTag ?? "");
  const done = [
    ...(decision.action === undefined ? [] : [words.actions[decision.action]]),
    ...(removed.length === 0 ? [] : [words.tags(removed.join(", "))]),
  ];
  return {
    digest: decision.imageDigest ?? "",
    tags: decision.imageTags ?? [],
    pushedAt: momentOf(decision.imagePushedAt),
    action: done.join(", ") || words.kept,
    isChanged: done.length > 0,
    priority: decision.appliedRulePriority,
    because: [decision.because, ...(decision.tags ?? []).map((tag) => tag.because)]
      .filter(Boolean)
      .join("; "),
  };
}

function fateOfResult(result: LifecyclePolicyPreviewResult): Fate {
  return {
    digest: result.imageDigest ?? "",
    tags: result.imageTags ?? [],
    pushedAt: result.imagePushedAt,
    action: words.actions[result.action?.type ?? "EXPIRE"],
    isChanged: true,
    priority: result.appliedRulePriority,
    because: words.noReasons,
  };
}

function haystackOf(fate: Fate): string {
  return `${fate.tags.join(" ")} ${fate.digest} ${fate.action} ${fate.because}`.toLowerCase();
}
