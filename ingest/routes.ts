import type { IncomingMessage, ServerResponse } from "node:http";
import type { Express, NextFunction, Request, Response } from "express";
import type { Producer } from "../kafka/index.ts";
import { errorTable, type Logger, messageOf, PipelineError } from "../runtime/index.ts";
import { acceptEvents, type EventKnowledge } from "./accept-event.ts";
import type { Admission } from "./admission.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { IngestMetrics } from "./ingest-metrics.ts";
import { bodyShapeOf, isGzip } from "./media-type.ts";
import type { IngestOptions } from "./options.ts";
import { parseBody } from "./parse-body.ts";
import { isRetryLater, problemOf, retryAfterSeconds } from "./problems.ts";
import { inflateBody, readBody } from "./read-body.ts";
import { traceparentOf } from "./read-envelope.ts";
import { answerOf } from "./results.ts";
import { storeEvents } from "./store-events.ts";

export type RouteParts = {
  readonly options: IngestOptions;
  readonly knowledge: EventKnowledge;
  readonly producer: Pick<Producer, "send">;
  readonly apiKeys: Pick<ApiKeys, "nameOf">;
  readonly admission: Admission;
  readonly metrics: IngestMetrics;
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

/** Adds the pages of the error codes, and problem+json for everything else that is asked for. */
export function addRoutes(app: Express, parts: RouteParts): void {
  const refuse = (response: ServerResponse, error: unknown) => sendProblem(response, error, parts);
  app.all("/v1/events", (request, response) => {
    response.setHeader("allow", "POST");
    refuse(response, new PipelineError("request_method_unsupported", { fields: { method: request.method } }));
  });
  app.get("/errors/:code", (request, response, next) => {
    const { code } = request.params;
    if (!Object.hasOwn(errorTable, code)) return next();
    response.json({ code, ...errorTable[code as keyof typeof errorTable] });
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (otherPaths.has(request.path)) return next();
    refuse(response, new PipelineError("request_path_unknown"));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => refuse(response, error));
}

async function postEvents(request: IncomingMessage, response: ServerResponse, parts: RouteParts): Promise<void> {
  const { options, knowledge, metrics } = parts;
  const { headers } = request;
  const app = parts.apiKeys.nameOf(headers.authorization);
  const shape = bodyShapeOf(headers["content-type"]);
  const gzip = isGzip(headers["content-encoding"]);
  if (headers["ce-specversion"] !== undefined) throw new PipelineError("request_mode_unsupported");

  const ticket = parts.admission.admit(app, Number(headers["content-length"] ?? 0));
  try {
    const raw = await readBody(request, options.maxBodyBytes);
    metrics.body(raw.length);
    ticket.grow(raw.length);
    const body = gzip ? await inflateBody(raw, options.maxBodyBytes) : raw;
    ticket.grow(body.length);
    const { items, escapes } = parseBody(body, shape, options.maxEvents);

    const receivedAt = parts.now();
    const traceparent = traceparentOf(headers.traceparent);
    const facts = { receivedAt, escapes, ...(traceparent === undefined ? {} : { traceparent }) };
    const verdicts = acceptEvents(items, knowledge, options, facts);
    const begin = performance.now();
    const unstored = await storeEvents(parts.producer, verdicts);
    metrics.produced((performance.now() - begin) / 1_000);

    const retryAfter = unstored.size === 0 ? 0 : retryAfterSeconds(parts.random());
    const answer = answerOf(verdicts, unstored, { docsUrl: options.docsUrl, retryAfterSeconds: retryAfter });
    metrics.events(verdicts, unstored);
    const contentType = answer.status === 503 ? "application/problem+json" : "application/json";
    send(response, answer.status, contentType, answer.body, retryAfter, metrics);
  } finally {
    ticket.release();
  }
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
