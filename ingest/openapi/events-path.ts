import type { ErrorCode } from "../../runtime/index.ts";
import { tokenOnlyCodes } from "../answers/problems.ts";
import type { IngestOptions } from "../options.ts";
import { judgedResponses, problemResponses } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";
import { refTo } from "./event-schemas.ts";

/** Answers to other paths and methods, and of streams, whose status is sent before anything can go wrong. */
export const notOfEvents: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...tokenOnlyCodes,
  "request_path_unknown",
  "request_method_unsupported",
  "request_stream_idle",
  "micro_query_invalid",
]);

/** POST /v1/events in all its formats. */
export function postEvents(
  options: IngestOptions,
  example: JsonSchema,
): JsonSchema & { readonly responses: Readonly<Record<string, JsonSchema>> } {
  const event = { $ref: refTo("Event") };
  const events = { type: "array", items: event, maxItems: options.maxEvents };
  const data = {
    type: "object",
    description: "In binary mode: the data alone, which fits the schema of the type in ce-type.",
  };
  return {
    operationId: "postEvents",
    tags: ["Events"],
    summary: "Send one event, a batch or a stream of events",
    description: [
      "`accepted` means stored: Kafka has acknowledged the event on all in-sync replicas before the answer is written.",
      "Every event is judged as if it were alone; results stand in the order of the request.",
      "Sending an event again with the same id is always safe.",
      `A body has at most ${options.maxBodyBytes} bytes, as sent and inflated, and ${options.maxEvents} events; an event at most ${options.maxEventBytes} bytes as compact JSON and ${options.maxDepth} levels. A stream of lines may have any length.`,
    ].join(" "),
    parameters: Object.keys(parameters).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: {
      required: true,
      content: {
        "application/cloudevents+json": { schema: event, example },
        "application/cloudevents-batch+json": { schema: events, example: [example] },
        "application/json": { schema: { anyOf: [event, events, data] }, example },
        "application/x-ndjson": {
          schema: { type: "string", description: "One event a line. Lines are answered as they come." },
          example: `${JSON.stringify(example)}\n`,
        },
        "application/avro": {
          schema: {
            type: "string",
            contentMediaType: "application/avro",
            description:
              "Data in Confluent framing (a zero, the schema id as int32, Avro); the attributes are ce- headers.",
          },
        },
      },
    },
    responses: {
      200: {
        description: `The answer to a stream: a line for each line, at last a summary. Each is a ${"`StreamLine`"}.`,
        content: {
          "application/x-ndjson": { schema: { type: "string" }, "x-line-schema": { $ref: refTo("StreamLine") } },
        },
      },
      ...judgedResponses,
      ...problemResponses(true, (code) => !notOfEvents.has(code)),
    },
  };
}

const text = { type: "string" };

export const parameters: Readonly<Record<string, JsonSchema>> = {
  ContentEncoding: {
    name: "Content-Encoding",
    in: "header",
    description: "How the body is compressed.",
    schema: { type: "string", enum: ["gzip", "identity"] },
  },
  Prefer: {
    name: "Prefer",
    in: "header",
    description:
      "`durability=replicated`: while Kafka is away, answer `retry` rather than keep the event on the disk of one server. `handling=strict`: reject what would be kept in quarantine, since the sender repairs it. `return=minimal`, of a stream: leave the lines of stored events out of the answer.",
    schema: { ...text, examples: ["durability=replicated"] },
  },
  SentAt: {
    name: "sent-at",
    in: "header",
    description:
      "When the request is sent, by the clock that gave the events their times: RFC 3339 or milliseconds since 1970. The server then knows how wrong that clock is.",
    schema: { ...text, examples: ["2026-11-22T21:11:42.001Z"] },
  },
  traceparent: {
    name: "traceparent",
    in: "header",
    description: "W3C trace context; goes into the Kafka record of each event that has none of its own.",
    schema: { ...text, pattern: "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" },
  },
  ...Object.fromEntries(
    ["specversion", "id", "type", "source", "time", "subject"].map((name) => [`ce-${name}`, ceHeader(name)]),
  ),
};

function ceHeader(name: string): JsonSchema {
  return {
    name: `ce-${name}`,
    in: "header",
    description: `In binary mode: the attribute ${name} of the event, percent-encoded where it is not printable ASCII.`,
    schema: text,
  };
}
