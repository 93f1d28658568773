/** What happened to the tags of a repository, the last first; a tag can point again where it pointed before. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import type { TagEvent } from "../../../../generated/entrepot";
import type { Listing } from "../../../api/listing";
import { formatMoment, momentOf, shortDigest } from "../../../format";
import { paths } from "../../../paths";
import { useEntrepot } from "../../../session/context";
import { FormDialog } from "../../../shell/dialogs";
import { FaultAlert } from "../../../shell/fault";
import { PageLink } from "../../../shell/links";
import { type Column, LongTable } from "../../../shell/long_table";
import { useNotices } from "../../../shell/notifications";
import { text } from "../../../text";
import { useForgetting } from "../../bin/queries";

const words = text.history;

export function TagHistory(props: {
  name: string;
  listing: Listing<TagEvent>;
  onChange: () => void;
}): ReactNode {
  const { name, listing, onChange } = props;
  const [undone, setUndone] = useState<TagEvent | null>(null);
  const columns = useMemo(() => columnsOf(name, setUndone), [name]);
  return (
    <>
      <LongTable
        id="tag-history"
        variant="container"
        columns={columns}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        ariaLabel={words.tags}
        sortedBy="at"
        isDescending
        empty={<Box textAlign="center">{words.noEvents}</Box>}
        header={(counter) => (
          <Header
            variant="h2"
            counter={counter}
            description={words.description}
            actions={<Button iconName="refresh" ariaLabel={text.refresh} onClick={onChange} />}
          >
            {words.tags}
          </Header>
        )}
      />
      {undone !== null && (
        <Undo name={name} event={undone} onDone={onChange} onClose={() => setUndone(null)} />
      )}
    </>
  );
}

function Undo(props: { name: string; event: TagEvent; onDone: () => void; onClose: () => void }): ReactNode {
  const { name, event, onDone, onClose } = props;
  const { imageTag = "", previousImageDigest = "" } = event;
  const call = useEntrepot();
  const forget = useForgetting();
  const { tellSuccess } = useNotices();
  const undo = useMutation({
    mutationFn: () =>
      call("RestoreTag", { repositoryName: name, imageTag, imageDigest: previousImageDigest }),
    onSuccess: () => {
      forget();
      tellSuccess(words.tagRestored(imageTag, shortDigest(previousImageDigest)));
      onDone();
      onClose();
    },
  });
  return (
    <FormDialog
      title={words.undoTitle(imageTag)}
      button={words.undo}
      isReady
      isPending={undo.isPending}
      onSubmit={() => undo.mutate()}
      onClose={onClose}
    >
      <Box>{words.undoWarning(imageTag, shortDigest(previousImageDigest))}</Box>
      <FaultAlert failure={undo.error} />
    </FormDialog>
  );
}

function columnsOf(name: string, onUndo: (event: TagEvent) => void): Column<TagEvent>[] {
  return [
    {
      id: "tag",
      name: words.tag,
      header: words.tag,
      cell: (event) => event.imageTag,
      sortingComparator: (one, other) => compare(one.imageTag ?? "", other.imageTag ?? ""),
      isRowHeader: true,
      minWidth: 120,
    },
    {
      id: "change",
      name: words.change,
      header: words.change,
      cell: (event) => tellChange(event),
      sortingComparator: (one, other) => compare(one.change ?? "", other.change ?? ""),
      minWidth: 120,
    },
    {
      id: "before",
      name: words.before,
      header: words.before,
      cell: (event) => digestLink(name, event.previousImageDigest),
      minWidth: 180,
    },
    {
      id: "after",
      name: words.after,
      header: words.after,
      cell: (event) => digestLink(name, event.imageDigest),
      minWidth: 180,
    },
    {
      id: "at",
      name: words.at,
      header: words.at,
      cell: (event) => formatMoment(momentOf(event.at)),
      sortingComparator: (one, other) => (one.at ?? 0) - (other.at ?? 0),
      minWidth: 230,
    },
    { id: "by", name: words.by, header: words.by, cell: (event) => event.by ?? "–", minWidth: 300 },
    {
      id: "undo",
      name: words.undo,
      header: words.undo,
      cell: (event) =>
        event.previousImageDigest === undefined ? (
          "–"
        ) : (
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              variant="inline-link"
              ariaLabel={words.undoOne(event.imageTag ?? "", shortDigest(event.previousImageDigest))}
              onClick={() => onUndo(event)}
            >
              {words.undo}
            </Button>
          </SpaceBetween>
        ),
      minWidth: 90,
    },
  ];
}

function tellChange(event: TagEvent): string {
  const change = event.change === undefined ? "–" : words.changes[event.change];
  return event.rulePriority === undefined ? change : `${change} (${words.byRule(event.rulePriority)})`;
}

function digestLink(name: string, digest: string | undefined): ReactNode {
  return digest === undefined ? (
    "–"
  ) : (
    <PageLink to={paths.image(name, digest)}>{shortDigest(digest)}</PageLink>
  );
}

function idOf(event: TagEvent): string {
  return `${event.imageTag} ${event.at} ${event.change} ${event.imageDigest} ${event.previousImageDigest}`;
}

function haystackOf(event: TagEvent): string {
  return `${event.imageTag} ${event.imageDigest} ${event.previousImageDigest} ${event.by}`.toLowerCase();
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
