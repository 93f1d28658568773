/** Sessions that have not ended, one's own or the whole account's, and ending them. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Session } from "../../../generated/entrepot";
import { useListing } from "../../api/listing";
import { formatTime, momentOf } from "../../format";
import { useEntrepot, useSession, useSessionState } from "../../session/context";
import { Confirmation } from "../../shell/confirmation";
import { type Column, LongTable } from "../../shell/long_table";
import { useNotices } from "../../shell/notifications";
import { useProgress } from "../../shell/progress";
import { text } from "../../text";

const words = text.sessions;
const PAGE = 100;

const COLUMNS: Column<Session>[] = [
  {
    id: "id",
    name: words.id,
    header: words.id,
    cell: (one) => (one.isCurrent ? words.current(idOf(one)) : idOf(one)),
    isRowHeader: true,
    minWidth: 280,
  },
  {
    id: "principal",
    name: words.principal,
    header: words.principal,
    cell: (one) => one.principalArn,
    minWidth: 300,
  },
  {
    id: "kind",
    name: words.kind,
    header: words.kind,
    cell: (one) => (one.kind === undefined ? "–" : words.kinds[one.kind]),
  },
  {
    id: "created",
    name: words.created,
    header: words.created,
    cell: (one) => formatTime(momentOf(one.createdAt)),
    sortingComparator: (one, other) => (one.createdAt ?? 0) - (other.createdAt ?? 0),
    minWidth: 210,
  },
  {
    id: "expires",
    name: words.expires,
    header: words.expires,
    cell: (one) => formatTime(momentOf(one.expiresAt)),
    sortingComparator: (one, other) => (one.expiresAt ?? 0) - (other.expiresAt ?? 0),
    minWidth: 210,
  },
  {
    id: "issued",
    name: words.issuedBy,
    header: words.issuedBy,
    cell: (one) => one.issuedBy ?? "–",
    minWidth: 240,
  },
];

export function SessionsPage(): ReactNode {
  const call = useEntrepot();
  const { account } = useSession();
  const { end } = useSessionState();
  const { tellSuccess } = useNotices();
  const [isWhole, setWhole] = useState(false);
  const [selected, setSelected] = useState<Session[]>([]);
  const [isEnding, setEnding] = useState(false);
  const [progress, each] = useProgress();
  const listing = useListing(`sessions/${account}/${isWhole}`, async (token, signal) => {
    const page = await call(
      "ListSessions",
      {
        ...(isWhole ? { allPrincipals: true } : {}),
        maxResults: PAGE,
        ...(token === undefined ? {} : { nextToken: token }),
      },
      signal,
    );
    return { entries: page.sessions ?? [], next: page.nextToken };
  });
  const revoke = useMutation({
    mutationFn: async () => {
      // One's own last: it is needed for the others.
      const ordered = [
        ...selected.filter((one) => !one.isCurrent),
        ...selected.filter((one) => one.isCurrent),
      ];
      await each(ordered, async (part) => {
        for (const one of part) {
          await call("RevokeSession", { accessKeyId: idOf(one) });
        }
      });
    },
    onSuccess: () => {
      setEnding(false);
      if (selected.some((one) => one.isCurrent)) {
        end();
        return;
      }
      tellSuccess(words.done);
      setSelected([]);
      listing.refresh();
    },
  });
  return (
    <ContentLayout>
      <LongTable
        id="sessions"
        columns={COLUMNS}
        entries={listing.entries}
        isComplete={listing.isComplete}
        failure={listing.failure}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        ariaLabel={words.title}
        sortedBy="created"
        isDescending
        selectionType="multi"
        selected={selected}
        onSelect={setSelected}
        empty={<Box textAlign="center">{text.none}</Box>}
        header={(counter) => (
          <Header
            variant="h1"
            counter={counter}
            description={words.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs" alignItems="center">
                <Toggle checked={isWhole} onChange={({ detail }) => setWhole(detail.checked)}>
                  {words.whole}
                </Toggle>
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={listing.refresh} />
                <Button disabled={selected.length === 0} onClick={() => setEnding(true)}>
                  {words.end}
                </Button>
              </SpaceBetween>
            }
          >
            {words.title}
          </Header>
        )}
      />
      {isEnding && (
        <Confirmation
          title={words.end}
          warning={words.warning}
          phrase={words.phrase}
          button={words.end}
          isPending={revoke.isPending}
          progress={progress}
          failure={revoke.error}
          onConfirm={() => revoke.mutate()}
          onClose={() => setEnding(false)}
        />
      )}
    </ContentLayout>
  );
}

function haystackOf(session: Session): string {
  return `${idOf(session)} ${session.principalArn}`.toLowerCase();
}

function idOf(session: Session): string {
  return session.accessKeyId ?? "";
}
