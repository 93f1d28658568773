/** Members of JSON that other people wrote: what has another type than it should have is taken as absent. */

/** Throws where the value is no object. */
export function object(value: unknown): Record<string, unknown> {
  if (!isObject(value)) {
    throw new TypeError("not a JSON object");
  }
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function string(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

export function strings(value: unknown): string[] {
  return list(value).filter((one) => typeof one === "string");
}
