/** What each user and role of the account may do with a repository, asked only for those that are shown. */

import type { Role, User } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { faultOf } from "../../../api/faults";
import { type Answer, answerFor, PURPOSES, type Purpose, requestsFor } from "../../../domain/access";
import { useEntrepot, useSession } from "../../../session/context";
import { column, textColumn } from "../../../shell/columns";
import { ListingTable } from "../../../shell/listing_table";
import type { Column } from "../../../shell/long_table";
import { text } from "../../../text";
import { useRoles, useUsers } from "../../identity/queries";
import type { AccessTopic } from "./access_question";

const words = text.access;
const SHOWN = 10;

export function AccessTable(props: {
  repositoryArn: string;
  onAsk: (topic: AccessTopic) => void;
}): ReactNode {
  const { repositoryArn, onAsk } = props;
  const { account } = useSession();
  const queries = useQueryClient();
  const users = useUsers();
  const roles = useRoles();
  const principals = useMemo(
    () => [`arn:aws:iam::${account}:root`, ...users.entries.map(arnOf), ...roles.entries.map(arnOf)],
    [account, users.entries, roles.entries],
  );
  const columns = useMemo(() => columnsOf(repositoryArn, onAsk), [repositoryArn, onAsk]);
  return (
    <ListingTable
      id="access"
      title={words.title}
      description={words.description}
      columns={columns}
      listing={{
        entries: principals,
        isComplete: users.isComplete && roles.isComplete,
        failure: users.failure ?? roles.failure,
      }}
      idOf={idOf}
      haystackOf={haystackOf}
      filterLabel={words.filter}
      sortedBy="principal"
      pageSize={SHOWN}
      empty={text.none}
      onRefresh={() => queries.invalidateQueries({ queryKey: ["access", repositoryArn] })}
      refreshLabel={words.again}
    />
  );
}

function columnsOf(repositoryArn: string, onAsk: (topic: AccessTopic) => void): Column<string>[] {
  return [
    { ...textColumn("principal", words.principal, idOf), isRowHeader: true, width: 300 },
    ...PURPOSES.map((purpose) => ({
      ...column(purpose, words.purposes[purpose], (principal: string) => (
        <AnswerCell repositoryArn={repositoryArn} principal={principal} purpose={purpose} onAsk={onAsk} />
      )),
      width: 140,
    })),
  ];
}

function AnswerCell(props: {
  repositoryArn: string;
  principal: string;
  purpose: Purpose;
  onAsk: (topic: AccessTopic) => void;
}): ReactNode {
  const { repositoryArn, principal, purpose, onAsk } = props;
  const call = useEntrepot();
  const answer = useQuery<Answer>({
    queryKey: ["access", repositoryArn, principal, purpose],
    queryFn: ({ signal }) =>
      answerFor(requestsFor(purpose, repositoryArn), (request) =>
        call("ExplainAccess", { principal, ...request }, signal),
      ),
  });
  if (answer.isError) {
    return <StatusIndicator type="warning">{faultOf(answer.error).code}</StatusIndicator>;
  }
  if (answer.data === undefined) {
    return <StatusIndicator type="pending">{words.asking}</StatusIndicator>;
  }
  const { isAllowed, action } = answer.data;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <StatusIndicator type={isAllowed ? "success" : "stopped"}>
        {isAllowed ? words.yes : words.no}
      </StatusIndicator>
      <Button
        variant="inline-link"
        ariaLabel={words.whyOf(words.purposes[purpose], principal)}
        onClick={() => onAsk({ principal, action })}
      >
        {words.why}
      </Button>
    </SpaceBetween>
  );
}

function arnOf(identity: User | Role): string {
  return identity.Arn ?? "";
}

function idOf(principal: string): string {
  return principal;
}

function haystackOf(principal: string): string {
  return principal.toLowerCase();
}
