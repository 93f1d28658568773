/** Which tags may be moved: ECR's four settings as one choice and a list of exceptions. */

import type { ImageTagMutabilityExclusionFilter, Repository } from "@aws-sdk/client-ecr";
import { text } from "../text";

export type Choice = "MUTABLE" | "IMMUTABLE";

export interface Mutability {
  choice: Choice;
  /** Wildcard filters of tags for which the opposite holds. */
  exceptions: string[];
}

export const MOST_EXCEPTIONS = 5;

export function mutabilityOf(repository: Repository): Mutability {
  return {
    choice: repository.imageTagMutability?.startsWith("IMMUTABLE") ? "IMMUTABLE" : "MUTABLE",
    exceptions: (repository.imageTagMutabilityExclusionFilters ?? []).map((filter) => filter.filter ?? ""),
  };
}

/** The members of a request that ask for it. */
export function mutabilityMembers({ choice, exceptions }: Mutability) {
  if (exceptions.length === 0) {
    return { imageTagMutability: choice };
  }
  const filters: ImageTagMutabilityExclusionFilter[] = exceptions.map((filter) => ({
    filterType: "WILDCARD",
    filter,
  }));
  return {
    imageTagMutability: `${choice}_WITH_EXCLUSION` as const,
    imageTagMutabilityExclusionFilters: filters,
  };
}

/** Null where the filter may be one. */
export function complaintAboutFilter(filter: string): string | null {
  const isOne = /^[0-9a-zA-Z._*-]{1,128}$/.test(filter) && filter.split("*").length <= 3;
  return isOne ? null : text.mutability.wrongFilter;
}

export function tellMutability(repository: Repository): string {
  const { choice, exceptions } = mutabilityOf(repository);
  const told = text.mutability.names[choice];
  return exceptions.length === 0 ? told : text.mutability.except(told, exceptions);
}
