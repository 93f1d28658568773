/** What people want to do with a repository, as the actions that a policy has to allow for it. */

export type Purpose = "pull" | "push" | "delete" | "manage";

export const PURPOSES: Purpose[] = ["pull", "push", "delete", "manage"];

const LOG_IN = "ecr:GetAuthorizationToken";
/** In the order in which a client would be refused. */
const ACTIONS: Record<Purpose, string[]> = {
  pull: [LOG_IN, "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  push: [
    LOG_IN,
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
  ],
  delete: ["ecr:BatchDeleteImage"],
  manage: ["ecr:SetRepositoryPolicy"],
};

export interface AccessRequest {
  action: string;
  resource: string;
}

/** All of these have to be allowed. */
export function requestsFor(purpose: Purpose, repositoryArn: string): AccessRequest[] {
  return ACTIONS[purpose].map((action) => ({ action, resource: resourceOf(action, repositoryArn) }));
}

/** Logging in is about no repository. */
export function resourceOf(action: string, repositoryArn: string): string {
  return action === LOG_IN ? "*" : repositoryArn;
}

export interface Answer {
  isAllowed: boolean;
  /** The first action that is refused, or the last one that is allowed: the one to ask about. */
  action: string;
  because: string;
}

/** Asks one request after another until one is refused: a question for each action at most. */
export async function answerFor(
  requests: readonly AccessRequest[],
  ask: (request: AccessRequest) => Promise<{ decision?: string; because?: string }>,
): Promise<Answer> {
  let answer: Answer = { isAllowed: false, action: "", because: "" };
  for (const request of requests) {
    const { decision, because = "" } = await ask(request);
    answer = { isAllowed: decision === "allowed", action: request.action, because };
    if (!answer.isAllowed) {
      break;
    }
  }
  return answer;
}

/** What may be asked about a repository; any other action may be typed. */
export const REPOSITORY_ACTIONS = [
  LOG_IN,
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchDeleteImage",
  "ecr:BatchGetImage",
  "ecr:CompleteLayerUpload",
  "ecr:CreateRepository",
  "ecr:DeleteLifecyclePolicy",
  "ecr:DeleteRepository",
  "ecr:DeleteRepositoryPolicy",
  "ecr:DescribeImages",
  "ecr:DescribeRepositories",
  "ecr:GetDownloadUrlForLayer",
  "ecr:GetLifecyclePolicy",
  "ecr:GetLifecyclePolicyPreview",
  "ecr:GetRepositoryPolicy",
  "ecr:InitiateLayerUpload",
  "ecr:ListImages",
  "ecr:ListTagsForResource",
  "ecr:PutImage",
  "ecr:PutImageTagMutability",
  "ecr:PutLifecyclePolicy",
  "ecr:SetRepositoryPolicy",
  "ecr:StartLifecyclePolicyPreview",
  "ecr:TagResource",
  "ecr:UntagResource",
  "ecr:UpdateImageStorageClass",
  "ecr:UploadLayerPart",
];
