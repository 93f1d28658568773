/** One image: how it is started, what it is made of, and how it differs from others. */

import { DescribeImagesCommand, type ImageDetail, type Repository } from "@aws-sdk/client-ecr";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useParams, useSearchParams } from "react-router";
import { isImageConfig, pullCommand, tellKind } from "../../domain/artifacts";
import { formatBytes, formatTime, shortDigest } from "../../format";
import { paths } from "../../paths";
import { useClients } from "../../session/context";
import { OneCommand } from "../../shell/command";
import { Copyable } from "../../shell/copyable";
import { FaultAlert } from "../../shell/fault";
import { PageLink } from "../../shell/links";
import { text } from "../../text";
import { PinDialog, UnpinDialog } from "../keeping/pin_dialogs";
import { tellKept, useKeeping } from "../keeping/queries";
import { useRepository } from "../repositories/queries";
import { StatusOfImage, StorageClassDialog, statusOf } from "../repository/storage_class";
import { ComparisonTab } from "./comparison";
import { ConfigView } from "./config";
import { FilesTab } from "./files";
import { LayersView } from "./layers";
import { type ImageContent, useImageContent } from "./queries";
import { RawView } from "./raw";
import { RelatedImages } from "./related";

const words = text.image;
const POLL_MS = 2000;

export function ImagePage(): ReactNode {
  const name = useParams()["*"] ?? "";
  const [search, setSearch] = useSearchParams();
  const digest = search.get("digest") ?? "";
  const { ecr } = useClients();
  const detail = useQuery({
    queryKey: ["image", name, digest],
    refetchInterval: (query) => (query.state.data?.imageStatus === "ACTIVATING" ? POLL_MS : false),
    queryFn: async () => {
      const found = await ecr.send(
        new DescribeImagesCommand({
          repositoryName: name,
          imageIds: [{ imageDigest: digest }],
          filter: { imageStatus: "ANY" },
        }),
      );
      return found.imageDetails?.[0] ?? null;
    },
  });
  const isActive = detail.data ? statusOf(detail.data) === "ACTIVE" : true;
  const image = useImageContent(name, isActive ? digest : null);
  const { keeping, refresh } = useKeeping(useKnownRepository(name));
  const tabs = detail.data && image.content ? tabsOf(name, detail.data, image.content) : [];
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={<PageLink to={paths.repository(name)}>{name}</PageLink>}
          actions={
            detail.data && (
              <SpaceBetween direction="horizontal" size="xs">
                <StorageClassButton name={name} image={detail.data} onDone={() => void detail.refetch()} />
                <PinButton
                  name={name}
                  digest={digest}
                  isPinned={keeping.pins.has(digest)}
                  onChanged={refresh}
                />
              </SpaceBetween>
            )
          }
        >
          {detail.data?.imageTags?.[0] ?? shortDigest(digest)}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <FaultAlert failure={detail.error ?? image.failure} />
        {detail.isPending && <Spinner size="large" />}
        {detail.data && (
          <Summary
            name={name}
            detail={detail.data}
            image={image.content}
            kept={tellKept(detail.data, keeping)}
          />
        )}
        {!isActive && <Alert type="info">{text.storageClasses.archived}</Alert>}
        {tabs.length > 0 && (
          <Tabs
            ariaLabel={words.parts}
            activeTabId={tabs.find((tab) => tab.id === search.get("tab"))?.id ?? tabs[0]?.id}
            onChange={({ detail: { activeTabId } }) =>
              setSearch({ digest, tab: activeTabId }, { replace: true })
            }
            tabs={tabs}
          />
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}

/** The repository, or no more than its name until it is known. */
function useKnownRepository(name: string): Repository {
  return useRepository(name).data ?? { repositoryName: name };
}

function StorageClassButton(props: { name: string; image: ImageDetail; onDone: () => void }): ReactNode {
  const { name, image, onDone } = props;
  const [isAsking, setAsking] = useState(false);
  const status = statusOf(image);
  const target = status === "ACTIVE" ? "ARCHIVE" : "STANDARD";
  return (
    <>
      <Button disabled={status === "ACTIVATING"} onClick={() => setAsking(true)}>
        {text.storageClasses[target].button}
      </Button>
      {isAsking && (
        <StorageClassDialog
          repositoryName={name}
          digests={[image.imageDigest ?? ""]}
          target={target}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onDone();
          }}
        />
      )}
    </>
  );
}

function PinButton(props: {
  name: string;
  digest: string;
  isPinned: boolean;
  onChanged: () => void;
}): ReactNode {
  const { name, digest, isPinned, onChanged } = props;
  const [dialog, setDialog] = useState<"pin" | "unpin" | null>(null);
  const pinning = {
    images: [{ repositoryName: name, imageDigest: digest }],
    onClose: () => setDialog(null),
    onDone: () => {
      setDialog(null);
      onChanged();
    },
  };
  return (
    <>
      <Button onClick={() => setDialog(isPinned ? "unpin" : "pin")}>
        {isPinned ? text.pins.unpinButton : text.pins.pinButton}
      </Button>
      {dialog === "pin" && <PinDialog {...pinning} />}
      {dialog === "unpin" && <UnpinDialog {...pinning} />}
    </>
  );
}

function Summary(props: {
  name: string;
  detail: ImageDetail;
  image: ImageContent | null;
  kept: string;
}): ReactNode {
  const { name, detail, image, kept } = props;
  const repository = useKnownRepository(name);
  const digest = detail.imageDigest ?? "";
  const address = `${repository.repositoryUri ?? name}@${digest}`;
  return (
    <Container>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.tags, value: detail.imageTags?.join(", ") ?? "–" },
            { label: text.images.kind, value: tellKind(detail) },
            { label: words.platform, value: image?.config?.platform ?? platformsOf(image) },
            { label: text.images.size, value: formatBytes(detail.imageSizeInBytes) },
            { label: text.images.pushed, value: formatTime(detail.imagePushedAt) },
            { label: text.images.pulled, value: formatTime(detail.lastRecordedPullTime) },
            { label: text.images.digest, value: <Copyable value={digest} /> },
            { label: words.mediaType, value: detail.imageManifestMediaType ?? "–" },
            { label: text.storageClasses.status, value: <StatusOfImage image={detail} /> },
            ...(kept === "" ? [] : [{ label: text.pins.kept, value: kept }]),
            ...(detail.subjectManifestDigest
              ? [
                  {
                    label: words.subject,
                    value: (
                      <PageLink to={paths.image(name, detail.subjectManifestDigest)}>
                        {shortDigest(detail.subjectManifestDigest)}
                      </PageLink>
                    ),
                  },
                ]
              : []),
          ]}
        />
        <OneCommand says={words.pull} command={pullCommand(detail, address)} />
      </SpaceBetween>
    </Container>
  );
}

function tabsOf(name: string, detail: ImageDetail, image: ImageContent): TabsProps.Tab[] {
  const tabs: TabsProps.Tab[] = [];
  const { manifest, config } = image;
  if (manifest.manifests.length > 0) {
    const content = <RelatedImages title={words.platforms} name={name} images={manifest.manifests} />;
    tabs.push({ id: "platforms", label: words.platforms, content });
  }
  if (config !== null) {
    tabs.push({ id: "config", label: words.config, content: <ConfigView config={config} /> });
  }
  if (manifest.layers.length > 0) {
    const digest = detail.imageDigest ?? "";
    tabs.push({
      id: "layers",
      label: words.layers,
      content: (
        <LayersView name={name} digest={digest} layers={manifest.layers} history={config?.history ?? []} />
      ),
    });
    tabs.push({
      id: "files",
      label: words.files,
      content: <FilesTab name={name} digest={digest} layers={manifest.layers} />,
    });
  }
  tabs.push({
    id: "referrers",
    label: words.referrers,
    content: <Referrers name={name} digest={detail.imageDigest ?? ""} />,
  });
  if (manifest.layers.length > 0 && isImageConfig(manifest.config?.mediaType ?? "")) {
    const content = <ComparisonTab name={name} digest={detail.imageDigest ?? ""} image={image} />;
    tabs.push({ id: "comparison", label: words.comparison, content });
  }
  tabs.push({ id: "raw", label: words.raw, content: <RawView image={image} /> });
  return tabs;
}

function Referrers({ name, digest }: { name: string; digest: string }): ReactNode {
  return <RelatedImages title={words.referrers} name={name} subject={digest} />;
}

function platformsOf(image: ImageContent | null): ReactNode {
  const platforms = image?.manifest.manifests.flatMap((part) => part.platform ?? []) ?? [];
  return platforms.length === 0 ? "–" : <Box>{platforms.join(", ")}</Box>;
}
