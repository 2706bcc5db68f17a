import { alertErrors } from "./error-table/alert-errors.ts";
import { connectorErrors } from "./error-table/connector-errors.ts";
import { consoleErrors } from "./error-table/console-errors.ts";
import { doorErrors } from "./error-table/door-errors.ts";
import { pipelineErrors } from "./error-table/pipeline-errors.ts";
import { processErrors } from "./error-table/process-errors.ts";

/**
 * Every code the pipeline can answer or log; `docs/errors.md` is generated from it. A code is never renamed or given another
 * meaning.
 */
export const errorTable = {
  ...doorErrors,
  ...processErrors,
  ...pipelineErrors,
  ...connectorErrors,
  ...alertErrors,
  ...consoleErrors,
} as const;

export type ErrorCode = keyof typeof errorTable;
