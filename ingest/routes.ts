import type { IncomingMessage, ServerResponse } from "node:http";
import type { Express, NextFunction, Request, Response } from "express";
import { type Logger, messageOf, PipelineError } from "../runtime/index.ts";
import { isRetryLater, problemOf, retryAfterSeconds } from "./answers/problems.ts";
import { answerOf, summaryHeader, summaryOf } from "./answers/results.ts";
import type { Verdict } from "./events/verdict.ts";
import { bodyShapeOf, isGzip } from "./formats/media-type.ts";
import { parseBody } from "./formats/parse-body.ts";
import { inflateBody, readBody } from "./formats/read-body.ts";
import { type HandlingParts, handleEvents, requestFactsOf } from "./handle-events.ts";
import type { Sender } from "./identity/sender.ts";
import type { IngestMetrics } from "./ingest-metrics.ts";
import { addDocsRoutes } from "./openapi/docs-routes.ts";
import type { Admission } from "./overload/admission.ts";

export type RouteParts = HandlingParts & {
  /** Who sends a request. @throws PipelineError request_api_key_missing, request_api_key_unknown */
  identify(request: IncomingMessage): Sender;
  readonly admission: Admission;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 up to 1, for the spread of Retry-After. */
  readonly random: () => number;
};

/** Paths of runtime/http.ts, which adds them after ours. */
const otherPaths = new Set(["/live", "/ready", "/metrics"]);

/** POST /v1/events, the one route with load; true when the request is for it. */
export function takeEvents(request: IncomingMessage, response: ServerResponse, parts: RouteParts): boolean {
  if (request.method !== "POST" || request.url !== "/v1/events") return false;
  postEvents(request, response, parts).catch((error: unknown) => sendProblem(response, error, parts));
  return true;
}

/** Adds the pages that describe the API, and problem+json for everything else that is asked for. */
export function addRoutes(app: Express, parts: RouteParts): void {
  const refuse = (response: ServerResponse, error: unknown) => sendProblem(response, error, parts);
  app.all("/v1/events", (request, response) => {
    response.setHeader("allow", "POST");
    refuse(response, new PipelineError("request_method_unsupported", { fields: { method: request.method } }));
  });
  addDocsRoutes(app, { options: parts.options, catalogue: parts.knowledge.catalogue });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (otherPaths.has(request.path)) return next();
    refuse(response, new PipelineError("request_path_unknown"));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => refuse(response, error));
}

async function postEvents(request: IncomingMessage, response: ServerResponse, parts: RouteParts): Promise<void> {
  const { options, metrics } = parts;
  const { headers } = request;
  const sender = parts.identify(request);
  const shape = bodyShapeOf(headers["content-type"]);
  const gzip = isGzip(headers["content-encoding"]);
  if (headers["ce-specversion"] !== undefined) throw new PipelineError("request_mode_unsupported");

  const ticket = parts.admission.admit(sender, Number(headers["content-length"] ?? 0));
  try {
    const raw = await readBody(request, options.maxBodyBytes);
    metrics.body(raw.length);
    ticket.grow(raw.length);
    const body = gzip ? await inflateBody(raw, options.maxBodyBytes) : raw;
    ticket.grow(body.length);
    const items = parseBody(body, shape, options.maxEvents);
    const verdicts = await handleEvents(items, sender, requestFactsOf(request, parts.now()), parts);
    sendAnswer(response, verdicts, parts);
  } finally {
    ticket.release();
  }
}

/** The results of a whole request. */
export function sendAnswer(response: ServerResponse, verdicts: readonly Verdict[], parts: RouteParts): void {
  const retryAfter = retryAfterSeconds(parts.random());
  const { status, body, counts } = answerOf(verdicts, {
    docsUrl: parts.options.docsUrl,
    retryAfterMs: retryAfter * 1_000,
  });
  response.setHeader(summaryHeader, summaryOf(counts));
  const contentType = isRetryLater(status) ? "application/problem+json" : "application/json";
  send(response, status, contentType, body, isRetryLater(status) ? retryAfter : 0, parts.metrics);
}

function sendProblem(response: ServerResponse, error: unknown, parts: RouteParts): void {
  const problem = problemOf(error, parts.options.docsUrl);
  if (problem.status >= 500 && problem.status !== 503) parts.log.error({ err: error }, messageOf(error));
  // Nobody is left to read the answer.
  if (response.headersSent || response.destroyed) return;
  if (problem.status === 401) response.setHeader("www-authenticate", 'Bearer realm="hailstream"');
  const body = JSON.stringify(problem);
  // A body that was not read to its end would be taken for the next request of the connection.
  if (!response.req.complete) response.setHeader("connection", "close");
  const retryAfter = isRetryLater(problem.status) ? retryAfterSeconds(parts.random()) : 0;
  send(response, problem.status, "application/problem+json", body, retryAfter, parts.metrics);
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  retryAfter: number,
  metrics: IngestMetrics,
): void {
  metrics.request(status);
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.setHeader("content-length", Buffer.byteLength(body));
  if (retryAfter > 0) response.setHeader("retry-after", String(retryAfter));
  response.end(body);
}
