import type { Catalogue, EventType } from "../../schemas/index.ts";
import { tokenOnlyCodes } from "../answers/problems.ts";
import type { IngestOptions } from "../options.ts";
import { judgedResponses, problemResponses } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";
import { exampleEvent, refTo, sentTypes } from "./event-schemas.ts";
import { mintToken } from "./token-path.ts";

type Operation = JsonSchema & { readonly responses: Readonly<Record<string, JsonSchema>> };

/** Everything that can be asked of the server: each path with its methods. */
export function pathsOf(options: IngestOptions, catalogue: Catalogue): Readonly<Record<string, JsonSchema>> {
  const example = exampleEvent(sentTypes(catalogue).find(({ class: c }) => c === "bulk") as EventType);
  return {
    "/v1/events": { post: postEvents(options, example) },
    "/v1/device-tokens": { post: mintToken(options) },
    "/errors": { get: errorIndex },
    "/errors/{code}": { get: errorPage },
    "/openapi.json": { get: description },
    "/docs": { get: docsPage },
    "/live": { get: live },
    "/ready": { get: ready },
    "/metrics": { get: metrics },
  };
}

const { 404: unknownPath, ...requestProblems } = problemResponses(true, (code) => !tokenOnlyCodes.has(code));

function postEvents(options: IngestOptions, example: JsonSchema): Operation {
  const event = { $ref: refTo("Event") };
  const events = { type: "array", items: event, maxItems: options.maxEvents };
  return {
    operationId: "postEvents",
    tags: ["Events"],
    summary: "Send one event or a batch of events",
    description: [
      "`accepted` means stored: Kafka has acknowledged the event on all in-sync replicas before the answer is written.",
      "Every event is judged as if it were alone; results stand in the order of the request.",
      "Sending an event again with the same id is always safe.",
      `A body has at most ${options.maxBodyBytes} bytes, as sent and inflated, and ${options.maxEvents} events; an event at most ${options.maxEventBytes} bytes as compact JSON and ${options.maxDepth} levels.`,
    ].join(" "),
    parameters: ["ContentEncoding", "Prefer", "traceparent"].map((name) => ({
      $ref: `#/components/parameters/${name}`,
    })),
    requestBody: {
      required: true,
      content: {
        "application/cloudevents+json": { schema: event, example },
        "application/cloudevents-batch+json": { schema: events, example: [example] },
        "application/json": { schema: { oneOf: [event, events] }, example },
      },
    },
    responses: { ...judgedResponses, ...withoutMethods(requestProblems) },
  };
}

/** 405 is the answer to another method of the path, so to no operation that is described. */
function withoutMethods({ 405: _other, ...responses }: Readonly<Record<string, JsonSchema>>) {
  return responses;
}

export const parameters: Readonly<Record<string, JsonSchema>> = {
  ContentEncoding: {
    name: "Content-Encoding",
    in: "header",
    description: "How the body is compressed.",
    schema: { enum: ["gzip", "identity"] },
  },
  Prefer: {
    name: "Prefer",
    in: "header",
    description:
      "`durability=replicated`: while Kafka is away, answer `retry` rather than keep the event on the disk of one server.",
    schema: { type: "string", examples: ["durability=replicated"] },
  },
  traceparent: {
    name: "traceparent",
    in: "header",
    description: "W3C trace context; goes into the Kafka record of each event that has none of its own.",
    schema: { type: "string", pattern: "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" },
  },
};

const json = (schema: JsonSchema) => ({ "application/json": { schema } });
const html = { "text/html": { schema: { type: "string" } } };
const text = (type: string) => ({ [type]: { schema: { type: "string" } } });
const open = { security: [] };

const errorIndex: Operation = {
  ...open,
  operationId: "listErrors",
  tags: ["Documentation"],
  summary: "All error codes",
  responses: {
    200: {
      description: "A page for people when text/html is preferred, else all codes as JSON.",
      content: { ...json({ type: "array", items: { $ref: refTo("ErrorPage") } }), ...html },
    },
  },
};

const errorPage: Operation = {
  ...open,
  operationId: "getError",
  tags: ["Documentation"],
  summary: "What an error code means and what to do",
  parameters: [{ name: "code", in: "path", required: true, schema: { type: "string" }, example: "event_id_missing" }],
  responses: {
    200: {
      description: "A page for people when text/html is preferred, else JSON.",
      content: { ...json({ $ref: refTo("ErrorPage") }), ...html },
    },
    404: unknownPath as JsonSchema,
  },
};

const description: Operation = {
  ...open,
  operationId: "getDescription",
  tags: ["Documentation"],
  summary: "This description of the API",
  responses: { 200: { description: "OpenAPI 3.1.", content: json({ type: "object" }) } },
};

const docsPage: Operation = {
  ...open,
  operationId: "getDocs",
  tags: ["Documentation"],
  summary: "This description as a page",
  responses: { 200: { description: "A page that needs nothing but this server.", content: html } },
};

const live: Operation = {
  ...open,
  operationId: "getLive",
  tags: ["Operation"],
  summary: "Whether the process runs",
  responses: { 200: { description: "It runs.", content: json(statusSchema("live")) } },
};

const ready: Operation = {
  ...open,
  operationId: "getReady",
  tags: ["Operation"],
  summary: "Whether events can be accepted",
  responses: {
    200: { description: "They can.", content: json(statusSchema("ready")) },
    503: {
      description: "They cannot, or the process is stopping; `waiting` has the reasons by part.",
      content: json(
        statusSchema("not ready", { waiting: { type: "object", additionalProperties: { type: "string" } } }),
      ),
    },
  },
};

const metrics: Operation = {
  ...open,
  operationId: "getMetrics",
  tags: ["Operation"],
  summary: "Metrics in the text format of Prometheus",
  responses: { 200: { description: "docs/metrics.md says what each means.", content: text("text/plain") } },
};

function statusSchema(status: string, more: JsonSchema = {}): JsonSchema {
  return {
    type: "object",
    properties: { status: { const: status }, ...more },
    required: ["status", ...Object.keys(more)],
    additionalProperties: false,
  };
}
