/** How far something is that takes many requests. */

import ProgressBar from "@cloudscape-design/components/progress-bar";
import { type ReactNode, useCallback, useState } from "react";
import { formatCount } from "../format";
import { text } from "../text";

export interface Progress {
  done: number;
  total: number;
}

/** Acts on parts of what is to be done, one part after the other, and tells how many are done. */
export type EachPart = <T>(
  items: readonly T[],
  act: (part: readonly T[]) => Promise<void>,
  size?: number,
) => Promise<void>;

/** There is a progress only while something is done that takes more than one request. */
export function useProgress(): [Progress | null, EachPart] {
  const [progress, setProgress] = useState<Progress | null>(null);
  const each = useCallback<EachPart>(async (items, act, size = 1) => {
    const total = items.length;
    try {
      for (let done = 0; done < total; done += size) {
        setProgress(total > size ? { done, total } : null);
        await act(items.slice(done, done + size));
      }
    } finally {
      setProgress(null);
    }
  }, []);
  return [progress, each];
}

export function ProgressOf({ progress }: { progress: Progress }): ReactNode {
  const { done, total } = progress;
  return (
    <ProgressBar
      value={(done / total) * 100}
      label={text.progress.title}
      description={text.progress.of(formatCount(done), formatCount(total))}
    />
  );
}
