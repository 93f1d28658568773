/** Sessions that have not ended, one's own or the whole account's, and ending them. */

import ContentLayout from "@cloudscape-design/components/content-layout";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useState } from "react";
import type { Session } from "../../../generated/entrepot";
import { useListing } from "../../api/listing";
import { momentOf } from "../../format";
import { useEntrepot, useSession, useSessionState } from "../../session/context";
import { column, timeColumn } from "../../shell/columns";
import { GuardedButton } from "../../shell/guarded_button";
import { ListingTable } from "../../shell/listing_table";
import type { Column } from "../../shell/long_table";
import { useNotices } from "../../shell/notifications";
import type { EachPart } from "../../shell/progress";
import { text } from "../../text";

const words = text.sessions;
const PAGE = 100;

const COLUMNS: Column<Session>[] = [
  {
    ...column("id", words.id, (one: Session) => (one.isCurrent ? words.current(idOf(one)) : idOf(one))),
    isRowHeader: true,
    minWidth: 280,
  },
  { ...column("principal", words.principal, (one: Session) => one.principalArn), minWidth: 300 },
  column("kind", words.kind, (one) => (one.kind === undefined ? "–" : words.kinds[one.kind])),
  timeColumn("created", words.created, (one) => momentOf(one.createdAt)),
  timeColumn("expires", words.expires, (one) => momentOf(one.expiresAt)),
  { ...column("issued", words.issuedBy, (one: Session) => one.issuedBy ?? "–"), minWidth: 240 },
];

export function SessionsPage(): ReactNode {
  const call = useEntrepot();
  const { account } = useSession();
  const { end } = useSessionState();
  const { tellSuccess } = useNotices();
  const [isWhole, setWhole] = useState(false);
  const [selected, setSelected] = useState<Session[]>([]);
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
  const endSelected = async (each: EachPart) => {
    // One's own last: it is needed for the others.
    const ordered = [...selected.filter((one) => !one.isCurrent), ...selected.filter((one) => one.isCurrent)];
    await each(ordered, async (part) => {
      for (const one of part) {
        await call("RevokeSession", { accessKeyId: idOf(one) });
      }
    });
    if (selected.some((one) => one.isCurrent)) {
      end();
      return;
    }
    tellSuccess(words.done);
    setSelected([]);
    listing.refresh();
  };
  return (
    <ContentLayout>
      <ListingTable
        id="sessions"
        isPage
        title={words.title}
        description={words.description}
        columns={COLUMNS}
        listing={listing}
        idOf={idOf}
        haystackOf={haystackOf}
        filterLabel={words.filter}
        sortedBy="created"
        isDescending
        selectionType="multi"
        selected={selected}
        onSelect={setSelected}
        empty={text.none}
        onRefresh={listing.refresh}
        actions={
          <>
            <Toggle checked={isWhole} onChange={({ detail }) => setWhole(detail.checked)}>
              {words.whole}
            </Toggle>
            <GuardedButton
              title={words.end}
              warning={words.warning}
              phrase={words.phrase}
              confirmLabel={words.end}
              isDisabled={selected.length === 0}
              onConfirm={endSelected}
            >
              {words.end}
            </GuardedButton>
          </>
        }
      />
    </ContentLayout>
  );
}

function haystackOf(session: Session): string {
  return `${idOf(session)} ${session.principalArn}`.toLowerCase();
}

function idOf(session: Session): string {
  return session.accessKeyId ?? "";
}
