/** What happened to the tags of a repository, the last first; a tag can point again where it pointed before. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import type { TagEvent } from "../../../../generated/entrepot";
import type { Listing } from "../../../api/listing";
import { formatMoment, momentOf, shortDigest } from "../../../format";
import { paths } from "../../../paths";
import { useEntrepot } from "../../../session/context";
import { column, textColumn, timeColumn } from "../../../shell/columns";
import { FormDialog } from "../../../shell/dialogs";
import { FaultAlert } from "../../../shell/fault";
import { PageLink } from "../../../shell/links";
import { ListingTable } from "../../../shell/listing_table";
import type { Column } from "../../../shell/long_table";
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
      <ListingTable
        id="tag-history"
        title={words.tags}
        description={words.description}
        columns={columns}
        listing={listing}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        sortedBy="at"
        isDescending
        empty={words.noEvents}
        onRefresh={onChange}
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
      ...textColumn("tag", words.tag, (event: TagEvent) => event.imageTag ?? ""),
      isRowHeader: true,
      minWidth: 120,
    },
    { ...textColumn("change", words.change, tellChange), minWidth: 120 },
    {
      ...column("before", words.before, (event: TagEvent) => digestLink(name, event.previousImageDigest)),
      minWidth: 180,
    },
    {
      ...column("after", words.after, (event: TagEvent) => digestLink(name, event.imageDigest)),
      minWidth: 180,
    },
    {
      ...timeColumn("at", words.at, (event: TagEvent) => momentOf(event.at)),
      cell: (event) => formatMoment(momentOf(event.at)),
      minWidth: 230,
    },
    {
      ...column("undo", words.undo, (event: TagEvent) => <UndoButton event={event} onUndo={onUndo} />),
      minWidth: 90,
    },
    { ...column("by", words.by, (event: TagEvent) => event.by ?? "–"), minWidth: 300 },
  ];
}

function UndoButton(props: { event: TagEvent; onUndo: (event: TagEvent) => void }): ReactNode {
  const { event, onUndo } = props;
  if (event.previousImageDigest === undefined) {
    return "–";
  }
  return (
    <Button
      variant="inline-link"
      ariaLabel={words.undoOne(event.imageTag ?? "", shortDigest(event.previousImageDigest))}
      onClick={() => onUndo(event)}
    >
      {words.undo}
    </Button>
  );
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
