/** A failure as people see it: always the API's own text, and the request's id to look for in the log. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import type { ReactNode } from "react";
import { type Fault, faultOf } from "../api/faults";
import { text } from "../text";

export function FaultText({ fault }: { fault: Fault }): ReactNode {
  return (
    <>
      <Box color="inherit">{fault.message}</Box>
      {fault.requestId !== null && (
        <Box color="inherit" fontSize="body-s">
          {text.requestId}: {fault.requestId}
        </Box>
      )}
    </>
  );
}

/** Nothing where nothing failed. */
export function FaultAlert({ failure, action }: { failure: unknown; action?: ReactNode }): ReactNode {
  if (failure === null || failure === undefined) {
    return null;
  }
  const fault = faultOf(failure);
  return (
    <Alert type="error" header={fault.code} action={action}>
      <FaultText fault={fault} />
    </Alert>
  );
}
