import type { IncomingMessage, ServerResponse } from "node:http";
import { isRetryLater, retryAfterSeconds } from "./answers/problems.ts";
import { answerOf, summaryHeader, summaryOf } from "./answers/results.ts";
import { send } from "./answers/send.ts";
import type { Verdict } from "./events/verdict.ts";
import type { Items } from "./formats/items.ts";
import { isGzip } from "./formats/media-type.ts";
import { inflateBody, readBody } from "./formats/read-body.ts";
import { inSegmentsWords, readSegmentBody, type SegmentCall, segmentItems } from "./formats/segment.ts";
import { handleEvents, requestFactsOf } from "./handle-events.ts";
import { withAddress } from "./identity/origin.ts";
import { anySender } from "./identity/sender.ts";
import { admitRequest, tellRate } from "./overload/admit-request.ts";
import type { RouteParts } from "./route-parts.ts";

/** A body whose key is inside must be read before its sender is known: no more than Segment itself takes (500 KB). */
const maxUnknownBytes = 512 * 1024;

/**
 * One request of Segment's HTTP API. Its clients know three answers: 200, forget the events; 429 and 5xx, send all of them again, with
 * the same ids; any other, give up. So it is 200 unless something is to be sent again or nothing at all could be taken; the body
 * tells more.
 */
export async function postSegment(
  request: IncomingMessage,
  response: ServerResponse,
  path: SegmentCall | "batch",
  parts: RouteParts,
): Promise<void> {
  const { options, metrics } = parts;
  const { headers } = request;
  const arrivedAt = parts.now();
  const authorization = bearerOf(headers.authorization);
  const known = authorization === undefined ? undefined : await parts.identity.identify(authorization);
  const maxBytes = known === undefined ? Math.min(maxUnknownBytes, options.maxBodyBytes) : options.maxBodyBytes;
  const gzip = isGzip(headers["content-encoding"]);

  const ticket = admitRequest(
    request,
    response,
    withAddress(known ?? anySender("unknown"), request, parts.origin),
    parts,
  );
  try {
    const raw = await readBody(request, maxBytes, ticket.grow);
    metrics.body(raw.length);
    await parts.turns.wait(raw.length);
    const inflated = gzip ? await inflateBody(raw, maxBytes) : raw;
    ticket.grow(inflated.length);
    parts.observer?.body(request, inflated);
    const body = readSegmentBody(inflated, options.maxBodyItems);
    const found = known ?? (await parts.identity.identify(body.writeKey && `Bearer ${body.writeKey}`));
    const sender = withAddress(found, request, parts.origin);
    const items = segmentItems(body, path, parts.typeNames, options.maxEvents);
    const sentAt = body.sentAt === undefined ? {} : { "sent-at": body.sentAt };
    const facts = requestFactsOf({ headers: { ...headers, ...sentAt } }, arrivedAt, parts.now(), parts);
    const verdicts = await handleEvents(items, sender, facts, parts);
    tellRate(response, sender, parts);
    const told = verdicts.map((verdict, index) => translated(verdict, items, index));
    sendSegmentAnswer(response, told, parts);
  } finally {
    ticket.release();
  }
}

/** Pointers of violations, into the call as it was sent. */
function translated(verdict: Verdict, { values }: Items, index: number): Verdict {
  if (!("violations" in verdict)) return verdict;
  const { type } = (values[index] ?? {}) as { type?: unknown };
  const isTrack = !(typeof type === "string" && type.startsWith("segment."));
  return { ...verdict, violations: verdict.violations.map((violation) => inSegmentsWords(violation, isTrack)) };
}

function sendSegmentAnswer(response: ServerResponse, verdicts: readonly Verdict[], parts: RouteParts): void {
  const retryAfterMs = retryAfterSeconds(parts.random()) * 1_000;
  const answer = answerOf(verdicts, { docsUrl: parts.options.docsUrl, retryAfterMs });
  const { counts } = answer;
  response.setHeader(summaryHeader, summaryOf(counts));
  if (isRetryLater(answer.status)) {
    const retryAfter = Math.ceil(answer.retryAfterMs / 1_000);
    send(response, answer.status, "application/problem+json", answer.body, retryAfter, parts.metrics);
    return;
  }
  const success = verdicts.length === 0 || counts.rejected < verdicts.length;
  const body = `{"success":${success},${answer.body.slice(1)}`;
  send(response, success ? 200 : 400, "application/json", body, 0, parts.metrics);
}

/** Segment's clients send their key as the user name of Basic authentication, with an empty password. */
function bearerOf(authorization: string | undefined): string | undefined {
  const encoded = /^Basic +([\w+/=-]{1,4096}) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return authorization;
  const [key = ""] = Buffer.from(encoded, "base64").toString().split(":");
  return `Bearer ${key}`;
}
