import type { ErrorCode } from "../runtime/index.ts";

/** One thing that is wrong with an event, so that whoever wrote the app can repair it. */
export type Violation = {
  readonly code: ErrorCode;
  /** JSON pointer (RFC 6901) into `data`; the empty text is `data` itself. */
  readonly pointer: string;
  /** In words. */
  readonly expected: string;
  /** In words, cut to a sane length. */
  readonly got: string;
  /** One sentence of all of it. */
  readonly message: string;
};
