import { type ErrorCode, errorTable } from "./error-table.ts";

export type { ErrorCode } from "./error-table.ts";

/** Facts about one failure: small, safe to log, never a secret and never a whole event. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The one error of the pipeline. `code` is stable and has a page in `docs/errors.md`; `retryable` says whether the same call may
 * succeed later without anyone changing anything; `cause` keeps the original error.
 */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, options: { message?: string; cause?: unknown; fields?: ErrorFields } = {}) {
    const entry = errorTable[code];
    super(describe(options.message ?? entry.title, options.fields), { cause: options.cause });
    this.code = code;
    this.retryable = entry.retryable;
    this.fields = options.fields ?? {};
  }

  /** What the reader of the message can do about it. */
  get remedy(): string {
    return errorTable[this.code].remedy;
  }

  /** Whether `error`, or one of its causes, is a PipelineError with this code. */
  static is(error: unknown, code: ErrorCode): error is PipelineError {
    for (let e = error; e instanceof Error; e = e.cause) if (e instanceof PipelineError && e.code === code) return true;
    return false;
  }
}

function describe(message: string, fields: ErrorFields = {}): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined);
  return facts.length === 0 ? message : `${message} (${facts.map(([key, value]) => `${key}: ${value}`).join(", ")})`;
}

/** The message of anything thrown, with the messages of its causes behind it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${messageOf(error.cause)}`;
  return `${error.message || error.name}${cause}`;
}
