/** What refers to an image: by its manifest's subject, or by the tag that cosign names its subject with. */

import { BatchGetImageCommand, type ECRClient, ListImageReferrersCommand } from "@aws-sdk/client-ecr";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { tagsOfSubject, tellKind } from "../../domain/artifacts";
import { useClients } from "../../session/context";

const PAGE = 50; // the most that ListImageReferrers gives at once
const MOST = 1000;

export interface Referrer {
  digest: string;
  kind: string;
  /** Of the manifest, in bytes. */
  size: number;
  annotations: [string, string][];
}

export function useReferrers(name: string, subject: string): UseQueryResult<Referrer[]> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: ["referrers", name, subject],
    queryFn: () => listReferrers(ecr, name, subject),
  });
}

export async function listReferrers(ecr: ECRClient, name: string, subject: string): Promise<Referrer[]> {
  const tagged = await findTagged(ecr, name, subject);
  const listed: Referrer[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.send(
      new ListImageReferrersCommand({
        repositoryName: name,
        subjectId: { imageDigest: subject },
        maxResults: PAGE,
        nextToken,
      }),
    );
    for (const one of page.referrers ?? []) {
      listed.push({
        digest: one.digest ?? "",
        kind: tellKind({ imageManifestMediaType: one.mediaType, artifactMediaType: one.artifactType }),
        size: one.size ?? 0,
        annotations: Object.entries(one.annotations ?? {}),
      });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined && listed.length < MOST);
  const known = new Set(listed.map((one) => one.digest));
  return [...listed, ...tagged.filter((one) => !known.has(one.digest))];
}

/** Tags that are not there are told as failures of their own, which is no failure of the question. */
async function findTagged(ecr: ECRClient, name: string, subject: string): Promise<Referrer[]> {
  const imageIds = tagsOfSubject(subject).map((imageTag) => ({ imageTag }));
  const found = await ecr.send(new BatchGetImageCommand({ repositoryName: name, imageIds }));
  return (found.images ?? []).map((image) => ({
    digest: image.imageId?.imageDigest ?? "",
    kind: tellKind({ imageTags: [image.imageId?.imageTag ?? ""] }),
    size: new TextEncoder().encode(image.imageManifest ?? "").length,
    annotations: [],
  }));
}
