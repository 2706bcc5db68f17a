import type { IncomingMessage, ServerResponse } from "node:http";
import type { Express, NextFunction, Request, Response } from "express";
import { PipelineError, processPaths } from "../runtime/index.ts";
import { sendAnswer, sendProblem } from "./answers/send.ts";
import { bodyFormatOf, isGzip } from "./formats/media-type.ts";
import { inflateBody, readBody } from "./formats/read-body.ts";
import { readItems } from "./formats/read-items.ts";
import { segmentPaths } from "./formats/segment.ts";
import { handleEvents, requestFactsOf } from "./handle-events.ts";
import { withAddress } from "./identity/origin.ts";
import { addTokenRoute } from "./identity/token-route.ts";
import { addDocsRoutes } from "./openapi/docs-routes.ts";
import { admitRequest, tellRate } from "./overload/admit-request.ts";
import { postLines } from "./post-lines.ts";
import { postSegment } from "./post-segment.ts";
import type { RouteParts } from "./route-parts.ts";

/** The routes with load: POST /v1/events and the paths of Segment's API; true when the request is for one of them. */
export function takeEvents(request: IncomingMessage, response: ServerResponse, parts: RouteParts): boolean {
  if (request.method !== "POST") return false;
  const segment = request.url === "/v1/events" ? undefined : segmentPaths.get(request.url ?? "");
  if (request.url !== "/v1/events" && segment === undefined) return false;
  if (isTooOpen(request, parts)) {
    sendProblem(response, new PipelineError("request_https_required"), parts);
    return true;
  }
  const answered =
    segment === undefined ? postEvents(request, response, parts) : postSegment(request, response, segment, parts);
  answered.catch((error: unknown) => sendProblem(response, error, parts));
  return true;
}

/** Adds the pages that describe the API, and problem+json for everything else that is asked for. */
export function addRoutes(app: Express, parts: RouteParts): void {
  const refuse = (response: ServerResponse, error: unknown) => sendProblem(response, error, parts);
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (isTooOpen(request, parts) && !processPaths.has(request.path)) {
      refuse(response, new PipelineError("request_https_required"));
    } else next();
  });
  app.all(["/v1/events", ...segmentPaths.keys()], (request, response) => {
    response.setHeader("allow", "POST");
    refuse(response, new PipelineError("request_method_unsupported", { fields: { method: request.method } }));
  });
  addTokenRoute(app, parts);
  addDocsRoutes(app, { options: parts.options, catalogue: parts.knowledge.catalogue });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (processPaths.has(request.path)) return next();
    refuse(response, new PipelineError("request_path_unknown"));
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    refuse(response, isPathUnreadable(error) ? new PipelineError("request_path_unknown") : error),
  );
}

/** What Express throws at a path like /errors/%zz. */
function isPathUnreadable(error: unknown): boolean {
  return error instanceof URIError && (error as { status?: unknown }).status === 400;
}

function isTooOpen(request: IncomingMessage, { options, origin }: RouteParts): boolean {
  return options.requireHttps && origin?.isSecure(request) === false;
}

async function postEvents(request: IncomingMessage, response: ServerResponse, parts: RouteParts): Promise<void> {
  const { options, metrics } = parts;
  const { headers } = request;
  const arrivedAt = parts.now();
  // Most senders are known at once, and waiting would cost a turn of the event loop's queue.
  const found = parts.identity.identify(headers.authorization);
  const sender = withAddress(found instanceof Promise ? await found : found, request, parts.origin);
  const format = bodyFormatOf(headers);
  const gzip = isGzip(headers["content-encoding"]);
  if (format === "lines") return postLines(request, response, { gzip, arrivedAt }, parts);

  const ticket = admitRequest(request, response, sender, parts);
  try {
    const raw = await readBody(request, options.maxBodyBytes, ticket.grow);
    metrics.body(raw.length);
    const turn = parts.turns.wait(raw.length);
    if (turn !== undefined) await turn;
    const body = gzip ? await inflateBody(raw, options.maxBodyBytes) : raw;
    ticket.grow(body.length);
    parts.observer?.body(request, body);
    const read = readItems(format, request.rawHeaders, body, parts);
    const items = read instanceof Promise ? await read : read;
    const facts = requestFactsOf(request, arrivedAt, parts.now(), parts);
    const verdicts = await handleEvents(items, sender, facts, parts);
    tellRate(response, sender, parts);
    sendAnswer(response, verdicts, parts);
  } finally {
    ticket.release();
  }
}
