/** Policies as the editor reads them: what is wrong before the server is asked, and who may do what. */

import { text } from "../text";

export interface Statement {
  sid: string;
  effect: string;
  /** Who it is about; `not` where it is about everybody else. */
  principals: string[];
  actions: string[];
  resources: string[];
  conditions: string[];
}

export interface PolicyReading {
  statements: Statement[];
  complaint: string | null;
}

/** Policies of resources name principals; those of identities name resources. */
export type PolicyKind = "resource" | "identity";

const words = text.policies;

export function readPolicy(content: string, kind: PolicyKind): PolicyReading {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (failure) {
    return { statements: [], complaint: failure instanceof Error ? failure.message : words.notJson };
  }
  if (!isObject(document)) {
    return { statements: [], complaint: words.notObject };
  }
  const found = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (document.Statement === undefined || found.length === 0) {
    return { statements: [], complaint: words.noStatement };
  }
  const complaint = found.reduce<string | null>(
    (first, statement, place) => first ?? complaintAbout(statement, place + 1, kind),
    null,
  );
  return { statements: found.filter(isObject).map(readStatement), complaint };
}

function complaintAbout(statement: unknown, number: number, kind: PolicyKind): string | null {
  if (!isObject(statement)) {
    return words.statementNotObject(number);
  }
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
    return words.effect(number);
  }
  if (statement.Action === undefined && statement.NotAction === undefined) {
    return words.lacks(number, "Action");
  }
  if (kind === "resource" && statement.Principal === undefined && statement.NotPrincipal === undefined) {
    return words.lacks(number, "Principal");
  }
  if (kind === "identity" && statement.Resource === undefined && statement.NotResource === undefined) {
    return words.lacks(number, "Resource");
  }
  return null;
}

function readStatement(statement: Record<string, unknown>): Statement {
  return {
    sid: typeof statement.Sid === "string" ? statement.Sid : "",
    effect: typeof statement.Effect === "string" ? statement.Effect : "",
    principals: [...principals(statement.Principal, ""), ...principals(statement.NotPrincipal, words.not)],
    actions: [...strings(statement.Action, ""), ...strings(statement.NotAction, words.not)],
    resources: [...strings(statement.Resource, ""), ...strings(statement.NotResource, words.not)],
    conditions: isObject(statement.Condition) ? conditions(statement.Condition) : [],
  };
}

function principals(value: unknown, before: string): string[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([type, one]) => strings(one, `${before}${type} `));
  }
  return strings(value, before);
}

function conditions(value: Record<string, unknown>): string[] {
  return Object.entries(value).flatMap(([operator, keys]) =>
    isObject(keys)
      ? Object.entries(keys).map(([key, wanted]) => `${operator} ${key} ${strings(wanted, "").join(", ")}`)
      : [],
  );
}

function strings(value: unknown, before: string): string[] {
  if (value === undefined) {
    return [];
  }
  const list = Array.isArray(value) ? value : [value];
  return list.map((one) => before + (typeof one === "string" ? one : JSON.stringify(one)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What keeps a text from being JSON; null where it is. */
export function jsonComplaint(content: string): string | null {
  try {
    JSON.parse(content);
    return null;
  } catch (failure) {
    return failure instanceof Error ? failure.message : words.notJson;
  }
}

/** A document of one statement. */
export function policyOf(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2);
}

/** A document with its members on lines of their own, or as it is where it is none. */
export function indentJson(content: string): string {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}
