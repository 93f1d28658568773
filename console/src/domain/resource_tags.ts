/** Resource tags: keys with values, for whoever counts or decides by them. */

export interface ResourceTag {
  Key: string;
  Value: string;
}

export interface TagChange {
  /** Keys of tags to be removed. */
  gone: string[];
  /** Tags that are new, or have another value. */
  set: ResourceTag[];
}

export function tagChange(before: readonly ResourceTag[], after: readonly ResourceTag[]): TagChange {
  const kept = new Set(after.map((tag) => tag.Key));
  const values = new Map(before.map((tag) => [tag.Key, tag.Value]));
  return {
    gone: before.map((tag) => tag.Key).filter((key) => !kept.has(key)),
    set: after.filter((tag) => values.get(tag.Key) !== tag.Value),
  };
}

/** Tags of an answer, whose members the SDK says may be missing. */
export function readTags(tags: readonly Partial<ResourceTag>[] | undefined): ResourceTag[] {
  return (tags ?? []).map(({ Key = "", Value = "" }) => ({ Key, Value }));
}
