/** One repository: what it is, and its images, lifecycle policy, permissions and tags. */

import type { Repository } from "@aws-sdk/client-ecr";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { type ReactNode, useMemo, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { tellMutability } from "../../domain/mutability";
import { formatBytes, formatCount, formatTime, momentOf } from "../../format";
import { paths } from "../../paths";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { text } from "../../text";
import { KeepingTab } from "../keeping/tab";
import { DeleteRepository } from "../repositories/delete";
import { useProtection, useRepository } from "../repositories/queries";
import { useRepositoryStatistics } from "../storage/queries";
import { HistoryTab } from "./history/tab";
import { ImagesTab } from "./images";
import { LifecycleTab } from "./lifecycle/tab";
import { PermissionsTab } from "./permissions/tab";
import { PushCommands } from "./push_commands";
import { TagsTab } from "./tags";

const words = text.repository;

export function RepositoryPage(): ReactNode {
  const name = useParams()["*"] ?? "";
  const repository = useRepository(name);
  return (
    <>
      <FaultAlert failure={repository.error} />
      {repository.isPending && <Spinner size="large" />}
      {repository.data && <RepositoryView key={name} repository={repository.data} />}
    </>
  );
}

function RepositoryView({ repository }: { repository: Repository }): ReactNode {
  const name = repository.repositoryName ?? "";
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [dialog, setDialog] = useState<"push" | "delete" | null>(null);
  const close = () => setDialog(null);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => navigate(paths.eventsOf(name))}>{text.events.title}</Button>
              <Button onClick={() => navigate(paths.editRepository(name))}>{text.edit}</Button>
              <Button onClick={() => setDialog("delete")}>{text.delete}</Button>
              <Button variant="primary" onClick={() => setDialog("push")}>
                {text.push.view}
              </Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Summary repository={repository} />
        <Tabs
          ariaLabel={words.tabs}
          activeTabId={search.get("tab") ?? "images"}
          onChange={({ detail }) => setSearch({ tab: detail.activeTabId }, { replace: true })}
          tabs={[
            { id: "images", label: words.images, content: <ImagesTab repository={repository} /> },
            { id: "lifecycle", label: words.lifecycle, content: <LifecycleTab name={name} /> },
            { id: "pins", label: words.pins, content: <KeepingTab repository={repository} /> },
            {
              id: "permissions",
              label: words.permissions,
              content: <PermissionsTab repository={repository} />,
            },
            { id: "tags", label: words.tags, content: <TagsTab arn={repository.repositoryArn ?? ""} /> },
            { id: "history", label: words.history, content: <HistoryTab name={name} /> },
          ]}
        />
      </SpaceBetween>
      {dialog === "push" && <PushCommands repository={repository} onClose={close} />}
      {dialog === "delete" && (
        <DeleteRepository name={name} onClose={close} onDeleted={() => navigate(paths.repositories)} />
      )}
    </ContentLayout>
  );
}

function Summary({ repository }: { repository: Repository }): ReactNode {
  const name = repository.repositoryName ?? "";
  const names = useMemo(() => [name], [name]);
  const statistics = useRepositoryStatistics(names).get(name);
  const protection = useProtection(name);
  const counted = (count: number | undefined) => (count === undefined ? "–" : formatCount(count));
  return (
    <Container>
      <KeyValuePairs
        columns={4}
        items={[
          { label: text.repositories.uri, value: <Copyable value={repository.repositoryUri ?? ""} /> },
          { label: text.repositories.mutability, value: tellMutability(repository) },
          {
            label: text.repositories.encryption,
            value: repository.encryptionConfiguration?.encryptionType ?? "–",
          },
          { label: text.repositories.created, value: formatTime(repository.createdAt) },
          {
            label: text.protection.label,
            value: protection.data === undefined ? "–" : protection.data.enabled ? text.on : text.off,
          },
          { label: text.storage.images, value: counted(statistics?.imageCount) },
          { label: text.storage.logical, value: formatBytes(statistics?.sizeBytes) },
          { label: text.storage.unique, value: formatBytes(statistics?.uniqueBytes) },
          { label: text.storage.lastPush, value: formatTime(momentOf(statistics?.lastPushedAt)) },
          { label: text.storage.lastPull, value: formatTime(momentOf(statistics?.lastPulledAt)) },
          { label: text.storage.pulls, value: counted(statistics?.pullCount) },
        ]}
      />
    </Container>
  );
}
