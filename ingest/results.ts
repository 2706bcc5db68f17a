import { errorTable } from "../runtime/index.ts";
import type { AcceptedEvent, RejectedEvent, Verdict } from "./accept-event.ts";
import { type Problem, problemOf } from "./problems.ts";
import type { Unstored } from "./store-events.ts";

/** The answer to a request whose events were judged: status and body as JSON text. */
export type Answer = {
  readonly status: 202 | 207 | 422 | 503;
  readonly body: string;
  readonly accepted: number;
  readonly rejected: number;
  /** Events that are valid and not stored: the client sends them again. */
  readonly retry: number;
};

export type AnswerOptions = {
  readonly docsUrl: string;
  readonly retryAfterSeconds: number;
};

/**
 * The results of all events in the order of the request. The common case, everything accepted, is joined by hand: the text of
 * an answer to 100 events takes as long as their schema check otherwise.
 */
export function answerOf(verdicts: readonly Verdict[], unstored: Unstored, options: AnswerOptions): Answer {
  let accepted = 0;
  let retry = 0;
  let results = "";
  for (let index = 0; index < verdicts.length; index++) {
    const verdict = verdicts[index] as Verdict;
    if (index > 0) results += ",";
    if (!verdict.ok) results += rejectedResult(index, verdict, options.docsUrl);
    else if (unstored.size > 0 && unstored.has(verdict.type.topic)) {
      results += retryResult(index, verdict, unstored, options);
      retry++;
    } else {
      results += `{"index":${index},"id":${JSON.stringify(verdict.id)},"status":"accepted","schema_id":${verdict.schemaId}}`;
      accepted++;
    }
  }
  const rejected = verdicts.length - accepted - retry;
  const counts = `"accepted":${accepted},"rejected":${rejected}`;
  if (retry > 0) {
    const [error] = unstored.values();
    const problem: Problem = problemOf(error, options.docsUrl);
    const head = JSON.stringify(problem).slice(0, -1);
    return {
      status: 503,
      body: `${head},${counts},"retry":${retry},"results":[${results}]}`,
      accepted,
      rejected,
      retry,
    };
  }
  const status = rejected === 0 ? 202 : accepted === 0 ? 422 : 207;
  return { status, body: `{${counts},"results":[${results}]}`, accepted, rejected, retry };
}

function rejectedResult(index: number, { id, violations }: RejectedEvent, docsUrl: string): string {
  const [first] = violations;
  return JSON.stringify({
    index,
    ...(id === undefined ? {} : { id }),
    status: "rejected",
    ...first,
    ...(first === undefined ? {} : { docs: docsUrl + first.code }),
    ...(violations.length > 1 ? { violations } : {}),
  });
}

function retryResult(index: number, verdict: AcceptedEvent, unstored: Unstored, options: AnswerOptions): string {
  const code = unstored.get(verdict.type.topic)?.code ?? "kafka_produce_failed";
  return JSON.stringify({
    index,
    id: verdict.id,
    status: "retry",
    code,
    message: errorTable[code].title,
    docs: options.docsUrl + code,
    retry_after_ms: options.retryAfterSeconds * 1_000,
  });
}
