/** ECR's grammar of repository names, with what is wrong in words. */

import { text } from "../text";

const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/** Null where the name may be one. */
export function complaintAboutName(name: string): string | null {
  if (/[A-Z]/.test(name)) {
    return text.names.upperCase;
  }
  if (/[^a-z0-9._/-]/.test(name)) {
    return text.names.characters;
  }
  if (name.length < 2 || name.length > 256) {
    return text.names.length;
  }
  const parts = name.split("/");
  if (parts.some((part) => part === "")) {
    return text.names.slashes;
  }
  return parts.every((part) => COMPONENT.test(part)) ? null : text.names.separators;
}
