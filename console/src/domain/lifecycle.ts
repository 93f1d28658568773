/** Lifecycle policies as the form edits them: a list of rules, read from ECR's JSON and written as such. */

import { text } from "../text";

export type TagStatus = "tagged" | "untagged" | "any";
export type StorageClass = "standard" | "archive";
export type CountType =
  | "imageCountMoreThan"
  | "sinceImagePushed"
  | "sinceImagePulled"
  | "sinceImageTransitioned";
/** `untag` is Entrepot's own, as are regular expressions: the rule takes tags away, and images stay. */
export type ActionType = "expire" | "transition" | "untag";
/** By which of its lists a rule names tags. */
export type TagList = "tagPatternList" | "tagPrefixList" | "tagRegexList";

export interface Rule {
  /** Tells it apart while it is edited; not in the policy. */
  id: number;
  priority: number;
  description: string;
  tagStatus: TagStatus;
  tagList: TagList;
  /** All of them must be met by tags of an image. */
  tags: string[];
  storageClass: StorageClass;
  countType: CountType;
  countNumber: number;
  action: ActionType;
}

export const MOST_RULES = 50;
const MOST_WILDCARDS = 4;
const LEAST_ARCHIVED_DAYS = 90;
const words = text.lifecycle;

export const TAG_LISTS: TagList[] = ["tagPatternList", "tagPrefixList", "tagRegexList"];

/** What a rule may count, for images of a storage class. */
export const COUNT_TYPES: Record<StorageClass, CountType[]> = {
  standard: ["sinceImagePushed", "sinceImagePulled", "imageCountMoreThan"],
  archive: ["sinceImageTransitioned"],
};

/** What a rule may do. */
export function actionsOf(rule: Rule): ActionType[] {
  if (rule.storageClass === "archive") {
    return ["expire"];
  }
  return rule.tagStatus === "tagged" ? ["expire", "transition", "untag"] : ["expire", "transition"];
}

let count = 0;

function nextId(): number {
  count += 1;
  return count;
}

export function newRule(): Rule {
  return {
    id: nextId(),
    priority: 1,
    description: "",
    tagStatus: "untagged",
    tagList: "tagPatternList",
    tags: [],
    storageClass: "standard",
    countType: "sinceImagePushed",
    countNumber: 14,
    action: "expire",
  };
}

/** The rules of a policy by priority; null where it is none, or has what the form does not know. */
export function readRules(policy: string): Rule[] | null {
  try {
    const document: unknown = JSON.parse(policy);
    const { rules, ...others } = members(document);
    if (!Array.isArray(rules) || Object.keys(others).length > 0) {
      return null;
    }
    return byPriority(rules.map(readRule));
  } catch {
    return null;
  }
}

/** Throws where a member is missing, is of another kind than the form's, or is none of the form's. */
function readRule(rule: unknown): Rule {
  const { rulePriority, description, selection, action, ...others } = members(rule);
  const {
    tagStatus,
    tagPatternList,
    tagPrefixList,
    tagRegexList,
    storageClass = "standard",
    countType,
    countUnit,
    countNumber,
    ...more
  } = members(selection);
  const { type, targetStorageClass, ...most } = members(action);
  const isCount = countType === "imageCountMoreThan";
  const isArchiving = type === "transition";
  check(Object.keys({ ...others, ...more, ...most }).length === 0);
  const lists = { tagPatternList, tagPrefixList, tagRegexList };
  const given = TAG_LISTS.filter((list) => lists[list] !== undefined);
  const [tagList = "tagPatternList"] = given;
  check(given.length <= 1);
  check(countUnit === (isCount ? undefined : "days"));
  check(targetStorageClass === (isArchiving ? "archive" : undefined));
  const inClass = oneOf<StorageClass>(storageClass, ["standard", "archive"]);
  return {
    id: nextId(),
    priority: wholeNumber(rulePriority),
    description: description === undefined ? "" : string(description),
    tagStatus: oneOf<TagStatus>(tagStatus, ["tagged", "untagged", "any"]),
    tagList,
    tags: strings(lists[tagList] ?? []),
    storageClass: inClass,
    countType: oneOf<CountType>(countType, COUNT_TYPES[inClass]),
    countNumber: wholeNumber(countNumber),
    action: oneOf<ActionType>(type, ["expire", "transition", "untag"]),
  };
}

/** The policy as ECR takes it, with its members on lines of their own. */
export function writePolicy(rules: readonly Rule[]): string {
  return JSON.stringify({ rules: byPriority(rules).map(writeRule) }, null, 2);
}

function writeRule(rule: Rule): object {
  return {
    rulePriority: rule.priority,
    ...(rule.description === "" ? {} : { description: rule.description }),
    selection: {
      tagStatus: rule.tagStatus,
      ...(rule.tagStatus === "tagged" ? { [rule.tagList]: rule.tags } : {}),
      ...(rule.storageClass === "archive" ? { storageClass: "archive" } : {}),
      countType: rule.countType,
      ...(rule.countType === "imageCountMoreThan" ? {} : { countUnit: "days" }),
      countNumber: rule.countNumber,
    },
    action: {
      type: rule.action,
      ...(rule.action === "transition" ? { targetStorageClass: "archive" } : {}),
    },
  };
}

/** A rule with a change, and with what no longer goes with it changed too. */
export function changedRule(rule: Rule, change: Partial<Rule>): Rule {
  const next = { ...rule, ...change };
  if (!COUNT_TYPES[next.storageClass].includes(next.countType)) {
    next.countType = COUNT_TYPES[next.storageClass][0] ?? next.countType;
  }
  if (!actionsOf(next).includes(next.action)) {
    next.action = "expire";
  }
  if (next.countType === "sinceImageTransitioned") {
    next.countNumber = Math.max(next.countNumber, LEAST_ARCHIVED_DAYS);
  }
  return next;
}

/** With another rule; before one for all images, which has to stay the last of its storage class. */
export function withRule(rules: readonly Rule[], rule: Rule): Rule[] {
  const ordered = byPriority(rules);
  const place = ordered.findIndex((one) => one.tagStatus === "any" && one.storageClass === rule.storageClass);
  return inserted(ordered, place < 0 ? ordered.length : place, rule);
}

/** With the same rule again, right behind it. */
export function withCopy(rules: readonly Rule[], rule: Rule): Rule[] {
  const ordered = byPriority(rules);
  return inserted(ordered, ordered.indexOf(rule) + 1, { ...rule, id: nextId() });
}

/** Priorities need not follow each other, but here those of what comes after move up by as much as they must. */
function inserted(ordered: readonly Rule[], place: number, rule: Rule): Rule[] {
  const before = ordered.slice(0, place);
  const priority = (before.at(-1)?.priority ?? 0) + 1;
  const result = [...before, { ...rule, priority }];
  for (const one of ordered.slice(place)) {
    const least = (result.at(-1)?.priority ?? 0) + 1;
    result.push(one.priority < least ? { ...one, priority: least } : one);
  }
  return result;
}

/** The rule takes the priority of its neighbour above or below, and the neighbour its own. */
export function withMoved(rules: readonly Rule[], rule: Rule, by: -1 | 1): Rule[] {
  const ordered = byPriority(rules);
  const place = ordered.indexOf(rule);
  const neighbour = ordered[place + by];
  if (neighbour === undefined) {
    return ordered;
  }
  return byPriority(
    ordered.map((one) => {
      if (one === rule) {
        return { ...one, priority: neighbour.priority };
      }
      return one === neighbour ? { ...one, priority: rule.priority } : one;
    }),
  );
}

export function byPriority(rules: readonly Rule[]): Rule[] {
  return rules.toSorted((one, other) => one.priority - other.priority);
}

export interface Complaints {
  priority?: string;
  tags?: string;
  countNumber?: string;
}

/** What is wrong with a rule that the page can tell; the rest is the API's to tell. */
export function complaintsAbout(rule: Rule, rules: readonly Rule[]): Complaints {
  const complaints: Complaints = {};
  if (!isPositive(rule.priority)) {
    complaints.priority = words.wrongNumber;
  } else if (rules.some((one) => one !== rule && one.priority === rule.priority)) {
    complaints.priority = words.samePriority;
  }
  if (rule.tagStatus === "tagged") {
    const complaint = complaintAboutTags(rule);
    if (complaint !== null) {
      complaints.tags = complaint;
    }
  }
  const least = rule.countType === "sinceImageTransitioned" ? LEAST_ARCHIVED_DAYS : 1;
  if (!isPositive(rule.countNumber) || rule.countNumber < least) {
    complaints.countNumber = least === 1 ? words.wrongNumber : words.leastDays(least);
  }
  return complaints;
}

function complaintAboutTags(rule: Rule): string | null {
  if (rule.tags.length === 0) {
    return words.noTags;
  }
  const wildcards = (tag: string) => tag.split("*").length - 1;
  const isWrong =
    rule.tagList === "tagPatternList" && rule.tags.some((tag) => wildcards(tag) > MOST_WILDCARDS);
  return isWrong ? words.wildcards(MOST_WILDCARDS) : null;
}

export function tellSelection(rule: Rule): string {
  const tags = rule.tags.join(", ");
  const told = {
    any: words.selects.any,
    untagged: words.selects.untagged,
    tagged: words.selects[rule.tagList](tags),
  }[rule.tagStatus];
  return rule.storageClass === "archive" ? words.selects.archived(told) : told;
}

export function tellCount(rule: Rule): string {
  return words.counts[rule.countType](rule.countNumber.toLocaleString("en-GB"));
}

function isPositive(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 1;
}

function members(value: unknown): Record<string, unknown> {
  check(typeof value === "object" && value !== null && !Array.isArray(value));
  return value as Record<string, unknown>;
}

function strings(value: unknown): string[] {
  check(Array.isArray(value));
  return (value as unknown[]).map(string);
}

function string(value: unknown): string {
  check(typeof value === "string");
  return value as string;
}

function wholeNumber(value: unknown): number {
  check(Number.isSafeInteger(value));
  return value as number;
}

function oneOf<T extends string>(value: unknown, known: T[]): T {
  check(known.includes(value as T));
  return value as T;
}

function check(isRight: boolean): void {
  if (!isRight) {
    throw new Error("not in the form");
  }
}
