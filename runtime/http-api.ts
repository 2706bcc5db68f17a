import type { Request, Router } from "express";
import type { z } from "zod";
import { type ErrorCode, messageOf, PipelineError } from "./errors.ts";
import type { Logger } from "./log.ts";

/** What the doors that manage the pipeline have in common: the connectors' API and that of the alerts. */

/** Reads the JSON of a body; what is wrong is a PipelineError of this code, with the place in the body. */
export function bodyReader(code: ErrorCode) {
  return function bodyOf<T extends z.ZodType>(request: Request, schema: T): z.output<T> {
    const parsed = schema.safeParse(request.body);
    if (parsed.success) return parsed.data;
    const said = parsed.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? "the body" : path.join(".")}: ${message}`,
    );
    throw new PipelineError(code, { message: said.join("; ") });
  };
}

/** To be called behind the routes: their paths with other methods are refused with this code. */
export function refuseMethods(api: Router, code: ErrorCode): void {
  const known = new Set(api.stack.flatMap(({ route }) => route?.path ?? []));
  api.all([...known], (request) => {
    throw new PipelineError(code, { fields: { method: request.method } });
  });
}

/** The status and the words for what was thrown while a request was answered; what is a fault of ours is logged. */
export function refusalOf(
  error: unknown,
  statuses: Partial<Readonly<Record<ErrorCode, number>>>,
  log: Logger,
): { readonly status: number; readonly message: string } {
  const refusal = read(error, statuses);
  if (refusal.status >= 500) log.warn({ err: error }, `a request could not be answered: ${messageOf(error)}`);
  return refusal;
}

function read(error: unknown, statuses: Partial<Readonly<Record<ErrorCode, number>>>) {
  if (error instanceof PipelineError) {
    return {
      status: statuses[error.code] ?? (error.retryable ? 503 : 500),
      message: `${error.message} [${error.code}]`,
    };
  }
  // Of Express: a body that is no JSON, or too large.
  const status = (error as { status?: unknown }).status;
  if (typeof status === "number" && status >= 400 && status < 500) return { status, message: messageOf(error) };
  return { status: 500, message: "The request failed; the log of this process says why" };
}
