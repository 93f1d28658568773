/** What the lifecycle tab asks. */

import {
  GetLifecyclePolicyCommand,
  GetLifecyclePolicyPreviewCommand,
  type LifecyclePolicyPreviewResult,
  type LifecyclePolicyPreviewStatus,
  type LifecyclePolicyPreviewSummary,
  StartLifecyclePolicyPreviewCommand,
} from "@aws-sdk/client-ecr";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LifecycleDecision, LifecycleSummary } from "../../../../generated/entrepot";
import { type Listing, useListing } from "../../../api/listing";
import { useClients, useEntrepot } from "../../../session/context";

const PAGE = 100; // the most that GetLifecyclePolicyPreview gives at once
const DECISIONS_PAGE = 1000; // the most that ExplainLifecycle gives at once
const POLL_MS = 1000;

export interface LifecyclePolicy {
  text: string;
  lastEvaluatedAt: Date | undefined;
}

export const lifecycleKey = (name: string) => ["lifecycle-policy", name];

/** Null where the repository has none. */
export function useLifecyclePolicy(name: string): UseQueryResult<LifecyclePolicy | null> {
  const { ecr } = useClients();
  return useQuery({
    queryKey: lifecycleKey(name),
    queryFn: async () => {
      try {
        const found = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName: name }));
        return { text: found.lifecyclePolicyText ?? "", lastEvaluatedAt: found.lastEvaluatedAt };
      } catch (failure) {
        if (failure instanceof Error && failure.name === "LifecyclePolicyNotFoundException") {
          return null;
        }
        throw failure;
      }
    },
  });
}

export interface PreviewState {
  status: LifecyclePolicyPreviewStatus | undefined;
  summary: LifecyclePolicyPreviewSummary | undefined;
}

export interface PreviewQuery {
  state: PreviewState | undefined;
  failure: unknown;
}

/** Starts a preview of a policy, and tells how far it is; `round` begins another one. */
export function usePreview(name: string, policy: string, round: number): PreviewQuery {
  const { ecr } = useClients();
  const started = useQuery({
    queryKey: ["lifecycle-preview", name, policy, round, "start"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      await ecr.send(
        new StartLifecyclePolicyPreviewCommand({ repositoryName: name, lifecyclePolicyText: policy }),
      );
      return true;
    },
  });
  const looked = useQuery({
    queryKey: ["lifecycle-preview", name, policy, round],
    enabled: started.isSuccess,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => (query.state.data?.status === "IN_PROGRESS" ? POLL_MS : false),
    queryFn: async () => {
      const found = await ecr.send(
        new GetLifecyclePolicyPreviewCommand({ repositoryName: name, maxResults: 1 }),
      );
      return { status: found.status, summary: found.summary };
    },
  });
  return { state: looked.data, failure: started.error ?? looked.error };
}

/** What a finished preview found. */
export function usePreviewResults(name: string, round: number): Listing<LifecyclePolicyPreviewResult> {
  const { ecr } = useClients();
  return useListing(`lifecycle-preview/${name}/${round}`, async (token, signal) => {
    const page = await ecr.send(
      new GetLifecyclePolicyPreviewCommand({ repositoryName: name, maxResults: PAGE, nextToken: token }),
      { abortSignal: signal },
    );
    return { entries: page.previewResults ?? [], next: page.nextToken };
  });
}

export interface Explained {
  listing: Listing<LifecycleDecision>;
  /** Null until it is known. */
  summary: LifecycleSummary | null;
}

/** What would become of every image, and why. */
export function useDecisions(name: string, policy: string, round: number): Explained {
  const call = useEntrepot();
  const [summary, setSummary] = useState<LifecycleSummary | null>(null);
  const listing = useListing(`lifecycle-decisions/${name}/${round}`, async (token, signal) => {
    const page = await call(
      "ExplainLifecycle",
      { repositoryName: name, lifecyclePolicyText: policy, maxResults: DECISIONS_PAGE, nextToken: token },
      signal,
    );
    if (page.summary !== undefined) {
      setSummary(page.summary);
    }
    return { entries: page.decisions ?? [], next: page.nextToken };
  });
  return { listing, summary };
}
