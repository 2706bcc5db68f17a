import { messageOf, PipelineError } from "../runtime/index.ts";
import { sqlStateOf, verdictOf } from "./sqlstate.ts";

/**
 * Gives an error of the driver one of three codes, with the SQLSTATE in its fields: store_unavailable (retryable, also for a
 * lost connection, whose SQLSTATE nobody could send), store_rejected (the data), store_failed (the program or the set-up).
 * An error that is a PipelineError already is given back as it is.
 */
export function storeErrorOf(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const sqlState = sqlStateOf(error);
  const message = messageOf(error);
  if (sqlState === undefined) {
    const code = isConnectionError(error) ? "store_unavailable" : "store_failed";
    return new PipelineError(code, { message, cause: error });
  }
  const codes = { retry: "store_unavailable", reject: "store_rejected", stop: "store_failed" } as const;
  return new PipelineError(codes[verdictOf(sqlState)], { message, cause: error, fields: { sqlState } });
}

/** Errors without a SQLSTATE: Node's socket errors and the texts by which pg reports an ended or unanswered connection. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^E[A-Z_]+$/.test(code)) return true;
  if (/connection|timeout|not queryable/i.test(error.message)) return true;
  return error instanceof AggregateError && error.errors.some(isConnectionError);
}
