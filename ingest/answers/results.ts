import { errorTable, PipelineError } from "../../runtime/index.ts";
import type { Violation } from "../../schemas/index.ts";
import type { Accepted, Duplicate, Outcome, Refused, Retry, Verdict } from "../events/verdict.ts";
import { isRateLimit, problemOf } from "./problems.ts";
import type { RefusedResult, RetryResult } from "./result-schema.ts";

/** The answer to a request whose events are judged and stored: status and body as JSON text. */
export type Answer = {
  readonly status: 202 | 207 | 422 | 429 | 503;
  readonly body: string;
  /** The longest that an event says to wait; 0 when none is to be sent again. */
  readonly retryAfterMs: number;
  /** How many events had each outcome. */
  readonly counts: Readonly<Record<Outcome, number>>;
};

export type AnswerOptions = {
  readonly docsUrl: string;
  /** For events whose reason does not say when to come again. */
  readonly retryAfterMs: number;
};

/** The header that repeats the counts of the body: `accepted=97, rejected=3`. */
export const summaryHeader = "hailstream-results";

/**
 * The results of all events in the order of the request. The common case, everything accepted, is joined by hand: the text of
 * an answer to 100 events takes as long as their schema check otherwise.
 */
export function answerOf(verdicts: readonly Verdict[], options: AnswerOptions): Answer {
  const counts = { accepted: 0, duplicate: 0, quarantined: 0, rejected: 0, retry: 0 };
  let cause: Retry | undefined;
  let retryAfterMs = 0;
  let results = "";
  for (let index = 0; index < verdicts.length; index++) {
    const verdict = verdicts[index] as Verdict;
    counts[verdict.outcome]++;
    if (verdict.outcome === "retry") {
      // That the server is busy concerns the sender's other events too, so it goes before the sender's own rate.
      if (cause === undefined || isRateLimit(cause.code)) cause = verdict;
      retryAfterMs = Math.max(retryAfterMs, verdict.retryAfterMs ?? options.retryAfterMs);
    }
    if (index > 0) results += ",";
    results += resultOf(index, verdict, options);
  }
  const listed = `${countsText(counts)},"results":[${results}]`;
  if (cause === undefined) return { status: statusOf(counts), body: `{${listed}}`, retryAfterMs, counts };
  const problem = problemOf(new PipelineError(cause.code), options.docsUrl);
  const status = isRateLimit(cause.code) ? 429 : 503;
  const head = JSON.stringify({ ...problem, status }).slice(0, -1);
  return { status, body: `${head},${listed}}`, retryAfterMs, counts };
}

/** The result of one event as JSON text. */
export function resultOf(index: number, verdict: Verdict, options: AnswerOptions): string {
  if (verdict.outcome === "accepted" || verdict.outcome === "duplicate") return storedResult(index, verdict);
  return JSON.stringify(
    verdict.outcome === "retry" ? retryResult(index, verdict, options) : refusedResult(index, verdict, options),
  );
}

/** `accepted=97, rejected=3`: the outcomes that occurred. */
export function summaryOf(counts: Answer["counts"]): string {
  const { accepted, duplicate, quarantined, rejected, retry } = counts;
  if (duplicate + quarantined + rejected + retry === 0) return accepted === 0 ? "" : `accepted=${accepted}`;
  const occurred = Object.entries(counts).filter(([, count]) => count > 0);
  return occurred.map(([outcome, count]) => `${outcome}=${count}`).join(", ");
}

function countsText(counts: Answer["counts"]): string {
  const { accepted, duplicate, quarantined, rejected, retry } = counts;
  let text = `"accepted":${accepted},"rejected":${rejected}`;
  if (duplicate > 0) text += `,"duplicate":${duplicate}`;
  if (quarantined > 0) text += `,"quarantined":${quarantined}`;
  if (retry > 0) text += `,"retry":${retry}`;
  return text;
}

function statusOf({ accepted, duplicate, rejected, quarantined }: Answer["counts"]): 202 | 207 | 422 {
  if (rejected + quarantined === 0) return 202;
  return accepted + duplicate === 0 ? 422 : 207;
}

function storedResult(index: number, verdict: Accepted | Duplicate): string {
  const local = verdict.outcome === "accepted" && verdict.durability === "local" ? ',"durability":"local"' : "";
  return `{"index":${index},"id":${JSON.stringify(verdict.id)},"status":"${verdict.outcome}","schema_id":${verdict.schemaId}${local}}`;
}

function refusedResult(index: number, refused: Refused, { docsUrl }: AnswerOptions): RefusedResult {
  const { outcome, id, schemaId, violations, durability } = refused;
  const first = violationOf(violations[0] as Violation);
  return {
    index,
    ...(id === undefined ? {} : { id }),
    status: outcome,
    ...first,
    ...(schemaId === undefined ? {} : { schema_id: schemaId }),
    docs: docsUrl + first.code,
    ...(durability === undefined ? {} : { durability }),
    ...(violations.length > 1 ? { violations: violations.map(violationOf) } : {}),
  };
}

function violationOf({ didYouMean, ...violation }: Violation): NonNullable<RefusedResult["violations"]>[number] {
  return didYouMean === undefined ? violation : { ...violation, did_you_mean: didYouMean };
}

function retryResult(index: number, { id, code, retryAfterMs }: Retry, options: AnswerOptions): RetryResult {
  return {
    index,
    ...(id === undefined ? {} : { id }),
    status: "retry",
    code,
    message: errorTable[code].title,
    docs: options.docsUrl + code,
    retry_after_ms: retryAfterMs ?? options.retryAfterMs,
  };
}
