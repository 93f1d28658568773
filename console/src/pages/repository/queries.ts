/** What pages ask about images. */

import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
  type ImageDetail,
} from "@aws-sdk/client-ecr";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type Listing, useListing } from "../../api/listing";
import { parseManifest } from "../../domain/manifest";
import { useClients, useSession } from "../../session/context";
import { text } from "../../text";

const PAGE = 1000; // the most that DescribeImages gives at once
const BATCH = 50; // manifests asked for at once
const MOST_CONFIG_BYTES = 4 * 1024 * 1024;

export function useImages(name: string): Listing<ImageDetail> {
  const { ecr } = useClients();
  const { account, region } = useSession();
  return useListing(`images/${account}/${region}/${name}`, async (token, signal) => {
    const page = await ecr.send(
      new DescribeImagesCommand({
        repositoryName: name,
        maxResults: PAGE,
        nextToken: token,
        filter: { imageStatus: "ANY" },
      }),
      { abortSignal: signal },
    );
    return { entries: page.imageDetails ?? [], next: page.nextToken };
  });
}

export interface IndexParts {
  /** The digests that an index names, by its own. */
  parts: ReadonlyMap<string, readonly string[]>;
  /** What its index says a part runs on. */
  platforms: ReadonlyMap<string, string>;
}

/** What these indexes are made of; asked for once, for a digest never changes. */
export function useIndexParts(name: string, indexes: readonly string[]): UseQueryResult<IndexParts> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: ["index-parts", name, indexes],
    enabled: indexes.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
    queryFn: async ({ signal }) => {
      const parts = new Map<string, string[]>();
      const platforms = new Map<string, string>();
      for (const [digest, content] of await getManifests(ecr, name, indexes, signal)) {
        const { manifests } = parseManifest(content);
        parts.set(
          digest,
          manifests.map((part) => part.digest),
        );
        for (const part of manifests) {
          if (part.platform !== null) {
            platforms.set(part.digest, part.platform);
          }
        }
      }
      return { parts, platforms };
    },
  });
}

async function getManifests(
  ecr: ECRClient,
  name: string,
  digests: readonly string[],
  signal: AbortSignal,
): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (let start = 0; start < digests.length; start += BATCH) {
    const imageIds = digests.slice(start, start + BATCH).map((imageDigest) => ({ imageDigest }));
    const batch = await ecr.send(new BatchGetImageCommand({ repositoryName: name, imageIds }), {
      abortSignal: signal,
    });
    for (const image of batch.images ?? []) {
      if (image.imageId?.imageDigest && image.imageManifest) {
        found.push([image.imageId.imageDigest, image.imageManifest]);
      }
    }
  }
  return found;
}

export interface ManifestText {
  content: string;
  mediaType: string;
}

export function useManifest(name: string, digest: string | null): UseQueryResult<ManifestText> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: ["manifest", name, digest],
    enabled: digest !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => getManifest(ecr, name, digest ?? ""),
  });
}

export async function getManifest(ecr: ECRClient, name: string, digest: string): Promise<ManifestText> {
  const batch = await ecr.send(
    new BatchGetImageCommand({ repositoryName: name, imageIds: [{ imageDigest: digest }] }),
  );
  const image = batch.images?.[0];
  if (image?.imageManifest === undefined) {
    const failure = batch.failures?.[0];
    throw Object.assign(new Error(failure?.failureReason ?? digest), {
      name: failure?.failureCode ?? "ImageNotFound",
      $metadata: batch.$metadata,
    });
  }
  return { content: image.imageManifest, mediaType: image.imageManifestMediaType ?? "" };
}

/** The text of a small blob of an image, read from where GetDownloadUrlForLayer says it is. */
export function useBlobText(name: string, digest: string | null): UseQueryResult<string> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: ["blob", name, digest],
    enabled: digest !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => getBlobText(ecr, name, digest ?? "", MOST_CONFIG_BYTES, signal),
  });
}

export async function getBlobText(
  ecr: ECRClient,
  name: string,
  digest: string,
  mostBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const found = await ecr.send(
    new GetDownloadUrlForLayerCommand({ repositoryName: name, layerDigest: digest }),
  );
  return await readText(sameOrigin(found.downloadUrl ?? ""), mostBytes, signal);
}

/** The server may call itself by another name than the one in the address bar; the path is the same. */
export function sameOrigin(url: string): string {
  const there = new URL(url, window.location.origin);
  return there.pathname.startsWith("/layers/") ? there.pathname + there.search : there.href;
}

async function readText(url: string, mostBytes: number, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, {
    signal,
    credentials: "omit",
    referrerPolicy: "no-referrer",
    // Only the server can tell its own ETag: with the header it gives the bytes itself, and does not
    // send the browser on to the object storage, where the page may not go.
    headers: { "If-Range": '"console"' },
  });
  if (!answer.ok) {
    throw Object.assign(new Error(await answer.text()), {
      name: `HTTP ${answer.status}`,
      $metadata: { requestId: answer.headers.get("x-amzn-requestid") },
    });
  }
  if (Number(answer.headers.get("content-length") ?? 0) > mostBytes) {
    throw new Error(text.tooLarge);
  }
  return await answer.text();
}
