/** The AWS SDK's clients, signing in the browser, against the origin that the page came from. */

import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { ECRClient } from "@aws-sdk/client-ecr";
import { IAMClient } from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import type { Session } from "../session/session";

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface Clients {
  cloudTrail: CloudTrailClient;
  ecr: ECRClient;
  iam: IAMClient;
  sts: STSClient;
}

export function makeClients(session: Session): Clients {
  const configuration = configure(session, session.region);
  return {
    cloudTrail: new CloudTrailClient(configuration),
    ecr: new ECRClient(configuration),
    iam: new IAMClient(configuration),
    sts: new STSClient(configuration),
  };
}

/** Where the API is: also what command line clients are given. */
export function endpoint(): string {
  return window.location.origin;
}

function configure(keys: Keys, region: string) {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  return { region, endpoint: endpoint(), credentials, maxAttempts: 2 };
}
