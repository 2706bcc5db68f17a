import type { Catalogue, EventType } from "../../schemas/index.ts";
import type { IngestOptions } from "../options.ts";
import { problemResponses } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";
import { exampleEvent, refTo, sentTypes } from "./event-schemas.ts";
import { postEvents } from "./events-path.ts";
import { segmentOperations } from "./segment-path.ts";
import { mintToken } from "./token-path.ts";

type Operation = JsonSchema & { readonly responses: Readonly<Record<string, JsonSchema>> };

/** Everything that can be asked of the server: each path with its methods. */
export function pathsOf(options: IngestOptions, catalogue: Catalogue): Readonly<Record<string, JsonSchema>> {
  const example = exampleEvent(sentTypes(catalogue).find(({ class: c }) => c === "bulk") as EventType);
  return {
    "/v1/events": { post: postEvents(options, example) },
    ...segmentOperations(options),
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

const { 404: unknownPath } = problemResponses(false, (code) => code === "request_path_unknown");

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
