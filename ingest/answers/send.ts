import type { ServerResponse } from "node:http";
import { type Logger, messageOf, securityHeaders } from "../../runtime/index.ts";
import type { Verdict } from "../events/verdict.ts";
import { letPass } from "../formats/read-body.ts";
import type { IngestMetrics } from "../ingest-metrics.ts";
import type { Observer } from "../observer.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { isRetryLater, problemOf, retryAfterSeconds } from "./problems.ts";
import { answerOf, summaryHeader, summaryOf } from "./results.ts";

export type AnswerParts = {
  readonly options: { readonly docsUrl: string };
  readonly metrics: Pick<IngestMetrics, "request">;
  readonly log: Logger;
  /** Absent: nobody watches. */
  readonly observer?: Observer;
  /** Absent: nothing is traced. */
  readonly tracing?: Pick<Tracing, "follows">;
  /** 0 up to 1, for the spread of Retry-After. */
  readonly random: () => number;
};

/** The fields that every answer with results has, as node:http takes them. */
const plainHead: readonly string[] = ["content-type", "application/json", ...securityHeaders.flat()];

/** Sends the results of a whole request. */
export function sendAnswer(response: ServerResponse, verdicts: readonly Verdict[], parts: AnswerParts): void {
  const { status, body, counts, retryAfterMs } = answerOf(verdicts, {
    docsUrl: parts.options.docsUrl,
    retryAfterMs: retryAfterSeconds(parts.random()) * 1_000,
  });
  const contentType = isRetryLater(status) ? "application/problem+json" : "application/json";
  const summary = summaryOf(counts);
  // Given whole, the head costs a tenth of the request less than field by field.
  if (retryAfterMs === 0 && response.getHeaderNames().length === 0 && parts.tracing?.follows(response) !== true) {
    parts.metrics.request(status);
    const length = String(Buffer.byteLength(body));
    response.writeHead(status, [...plainHead, summaryHeader, summary, "content-length", length]).end(body);
    return;
  }
  response.setHeader(summaryHeader, summary);
  send(response, status, contentType, body, Math.ceil(retryAfterMs / 1_000), parts.metrics);
}

/** Sends why a request was not taken as a whole; what is a fault of ours is logged. */
export function sendProblem(response: ServerResponse, error: unknown, parts: AnswerParts): void {
  const problem = problemOf(error, parts.options.docsUrl);
  if (problem.status >= 500 && problem.status !== 503) parts.log.error({ err: error }, messageOf(error));
  parts.observer?.problem(response.req, problem);
  // Nobody is left to read the answer.
  if (response.headersSent || response.destroyed) return;
  if (problem.status === 401) response.setHeader("www-authenticate", 'Bearer realm="hailstream"');
  // RFC 9110, 12.5.3: what would have been taken.
  if (problem.code === "request_encoding_unsupported") response.setHeader("accept-encoding", "gzip");
  const body = JSON.stringify(problem);
  if (!response.req.complete && !letPass(response.req)) response.setHeader("connection", "close");
  const known = Number(problem.fields?.retry_after_ms ?? 0);
  const wait = known > 0 ? Math.ceil(known / 1_000) : retryAfterSeconds(parts.random());
  const retryAfter = isRetryLater(problem.status) ? wait : 0;
  send(response, problem.status, "application/problem+json", body, retryAfter, parts.metrics);
}

/** Sends a whole answer. @param retryAfter seconds; 0: the client need not come again. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  retryAfter: number,
  metrics: AnswerParts["metrics"],
): void {
  metrics.request(status);
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.setHeader("content-length", Buffer.byteLength(body));
  for (const [name, value] of securityHeaders) response.setHeader(name, value);
  if (retryAfter > 0) {
    response.setHeader("retry-after", String(retryAfter));
    // A sender with a rate has its own fields already; the others share what the server can do.
    if (!response.hasHeader("ratelimit")) {
      response.setHeader("ratelimit-policy", '"capacity";q=1');
      response.setHeader("ratelimit", `"capacity";r=0;t=${retryAfter}`);
    }
  }
  response.end(body);
}
