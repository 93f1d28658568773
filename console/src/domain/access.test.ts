import { expect, test } from "vitest";
import { type AccessRequest, answerFor, requestsFor } from "./access";

const ARN = "arn:aws:ecr:us-east-1:123456789012:repository/app";

function refusing(action: string, asked: string[]) {
  return async (request: AccessRequest) => {
    asked.push(request.action);
    return request.action === action
      ? { decision: "implicitDeny", because: "no policy" }
      : { decision: "allowed" };
  };
}

test("asks no further than to the first refusal, and tells it", async () => {
  const asked: string[] = [];
  const answer = await answerFor(requestsFor("pull", ARN), refusing("ecr:BatchGetImage", asked));
  expect(answer).toEqual({ isAllowed: false, action: "ecr:BatchGetImage", because: "no policy" });
  expect(asked).toEqual(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]);
});

test("is a yes where everything is allowed", async () => {
  const answer = await answerFor(requestsFor("push", ARN), refusing("nothing", []));
  expect(answer).toMatchObject({ isAllowed: true, action: "ecr:PutImage" });
});

test("logging in is asked about no repository", () => {
  expect(requestsFor("pull", ARN).map((request) => request.resource)).toEqual(["*", ARN, ARN]);
});
