import { describe, expect, test } from "vitest";
import {
  changedRule,
  complaintsAbout,
  newRule,
  type Rule,
  readRules,
  tellCount,
  tellSelection,
  withCopy,
  withMoved,
  withRule,
  writePolicy,
} from "./lifecycle";

const policy = {
  rules: [
    {
      rulePriority: 1,
      description: "the three newest releases",
      selection: {
        tagStatus: "tagged",
        tagPatternList: ["v*"],
        countType: "imageCountMoreThan",
        countNumber: 3,
      },
      action: { type: "expire" },
    },
    {
      rulePriority: 5,
      selection: { tagStatus: "untagged", countType: "sinceImagePulled", countUnit: "days", countNumber: 30 },
      action: { type: "transition", targetStorageClass: "archive" },
    },
    {
      rulePriority: 7,
      selection: {
        tagStatus: "any",
        storageClass: "archive",
        countType: "sinceImageTransitioned",
        countUnit: "days",
        countNumber: 90,
      },
      action: { type: "expire" },
    },
  ],
};

function rulesOf(document: unknown = policy): Rule[] {
  const rules = readRules(JSON.stringify(document));
  if (rules === null) {
    throw new Error("not read");
  }
  return rules;
}

function changed(change: object): unknown {
  return { rules: [{ ...policy.rules[0], ...change }] };
}

describe("a policy in the form", () => {
  test("is written as it was read", () => {
    expect(JSON.parse(writePolicy(rulesOf()))).toEqual(policy);
  });

  test("has expressions and rules over tags, which ECR has not", () => {
    const { tagPatternList: _, ...selection } = policy.rules[0]?.selection ?? {};
    const own = changed({
      selection: { ...selection, tagRegexList: ["v[0-9]{1,3}"] },
      action: { type: "untag" },
    });
    expect(JSON.parse(writePolicy(rulesOf(own)))).toEqual(own);
  });

  test("is told in words", () => {
    const [first, second, third] = rulesOf();
    expect(first && `${tellSelection(first)}: ${tellCount(first)}`).toBe(
      "with tags like v*: all but the newest 3",
    );
    expect(second && `${tellSelection(second)}: ${tellCount(second)}`).toBe(
      "without tags: not pulled for more than 30 days",
    );
    expect(third && tellSelection(third)).toBe("all images, in the archive");
  });

  test.each([
    "{",
    "[]",
    "null",
    JSON.stringify({ rules: {} }),
    JSON.stringify({ ...policy, note: 1 }),
    JSON.stringify(changed({ rulePriority: "1" })),
    JSON.stringify(changed({ strange: true })),
    JSON.stringify(changed({ action: { type: "forget" } })),
    JSON.stringify(changed({ selection: { ...policy.rules[0]?.selection, tagRegexList: ["v.*"] } })),
    JSON.stringify(changed({ selection: { ...policy.rules[0]?.selection, tagPrefixList: ["v"] } })),
    JSON.stringify(changed({ selection: { ...policy.rules[0]?.selection, countUnit: null } })),
  ])("that has more than the form shows is not shown there: %s", (text) => {
    expect(readRules(text)).toBeNull();
  });
});

describe("rules", () => {
  test("a new one stands before the one for all images", () => {
    const all = { ...newRule(), priority: 3, tagStatus: "any" as const };
    const rules = withRule([{ ...newRule(), priority: 2 }, all], newRule());
    expect(rules.map((rule) => [rule.priority, rule.tagStatus])).toEqual([
      [2, "untagged"],
      [3, "untagged"],
      [4, "any"],
    ]);
  });

  test("a copy stands behind what it is a copy of, and moves nothing that it need not", () => {
    const rules = rulesOf();
    const [first] = rules;
    const copied = first ? withCopy(rules, first) : [];
    expect(copied.map((rule) => rule.priority)).toEqual([1, 2, 5, 7]);
    expect(copied[1]?.description).toBe("the three newest releases");
    expect(copied[1]?.id).not.toBe(copied[0]?.id);
  });

  test("neighbours change their places, and nothing moves beyond the end", () => {
    const rules = rulesOf();
    const [first] = rules;
    const moved = first ? withMoved(rules, first, 1) : [];
    expect(moved.map((rule) => [rule.id, rule.priority])).toEqual([
      [rules[1]?.id, 1],
      [rules[0]?.id, 5],
      [rules[2]?.id, 7],
    ]);
    expect(first && withMoved(rules, first, -1)).toEqual(rules);
  });

  test("about the archive count days there, at least 90, and delete", () => {
    const rule = changedRule({ ...newRule(), action: "transition" }, { storageClass: "archive" });
    expect(rule).toMatchObject({ countType: "sinceImageTransitioned", countNumber: 90, action: "expire" });
  });

  test("take away tags only where they name some", () => {
    const rule = { ...newRule(), tagStatus: "tagged" as const, action: "untag" as const };
    expect(changedRule(rule, { tagList: "tagRegexList" }).action).toBe("untag");
    expect(changedRule(rule, { tagStatus: "any" }).action).toBe("expire");
  });

  test("say what is wrong with them", () => {
    const tagged = { ...newRule(), tagStatus: "tagged" as const, tags: [] };
    expect(complaintsAbout(newRule(), [])).toEqual({});
    expect(complaintsAbout({ ...newRule(), priority: Number.NaN }, [])).toHaveProperty("priority");
    expect(complaintsAbout(newRule(), [newRule()])).toHaveProperty("priority");
    expect(complaintsAbout(tagged, [])).toHaveProperty("tags");
    expect(complaintsAbout({ ...tagged, tags: ["*a*b*c*d*"] }, [])).toHaveProperty("tags");
    expect(complaintsAbout({ ...tagged, tags: ["v*"] }, [])).toEqual({});
    expect(complaintsAbout({ ...newRule(), countNumber: 0.5 }, [])).toHaveProperty("countNumber");
  });
});
