import { type SegmentCall, segmentPaths } from "../formats/segment.ts";
import type { IngestOptions } from "../options.ts";
import { problemResponses, segmentResponses } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";
import { notOfEvents } from "./events-path.ts";

const calls = [...new Set(segmentPaths.values())].filter((call): call is SegmentCall => call !== "batch");
const anyObject = { type: "object", additionalProperties: true };
const track = {
  type: "track",
  messageId: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
  event: "Driver Location",
  userId: "drv_123",
  timestamp: "2026-11-22T21:11:41.123Z",
  properties: { driver_id: "drv_123", latitude: 40.7128, longitude: -74.006 },
};

/** The paths of Segment's HTTP API that clients of Segment post to unchanged. */
export function segmentOperations(options: IngestOptions): Readonly<Record<string, JsonSchema>> {
  const batch = {
    ...anyObject,
    properties: { batch: { type: "array", items: anyObject, maxItems: options.maxEvents } },
    required: ["batch"],
  };
  const { type: _type, ...single } = track;
  const one = { ...anyObject, properties: { messageId: { type: "string" }, event: { type: "string" } } };
  const call = { name: "call", in: "path", required: true, schema: { type: "string", enum: calls }, example: "track" };
  return {
    "/v1/batch": {
      post: operation("segmentBatch", "Send a batch of calls of Segment's API", batch, { batch: [track] }),
    },
    "/v1/{call}": {
      post: { ...operation("segmentCall", "Send one call of Segment's API", one, single), parameters: [call] },
    },
  };
}

const shortPaths = [...segmentPaths.keys()].filter((path) => path.length === "/v1/b".length);

function operation(operationId: string, summary: string, schema: JsonSchema, example: JsonSchema): JsonSchema {
  return {
    operationId,
    tags: ["Segment"],
    summary,
    description: `A \`track\` becomes an event of the type that its \`event\` names ("Trip Started" is trip.started), any other call one of the type segment.identify and so on, where such a schema exists. The key is the user name of Basic authentication, a Bearer key, or \`writeKey\` in the body. Short paths of phones' clients: ${shortPaths.join(", ")}.`,
    security: [{ writeKey: [] }, { apiKey: [] }, {}],
    requestBody: { required: true, content: { "application/json": { schema, example } } },
    responses: mergedResponses(),
  };
}

/** 400 is both: a body that cannot be read, and a body none of whose events is taken. */
function mergedResponses(): JsonSchema {
  const problems = problemResponses(
    true,
    (code) => !notOfEvents.has(code) && code !== "request_media_type_unsupported",
  );
  const responses: Record<string, JsonSchema> = { ...segmentResponses, ...problems };
  const [told, refused] = [segmentResponses[400], problems[400]] as { description: string; content: object }[];
  responses[400] = {
    description: `${told?.description}\n\n${refused?.description}`,
    content: { ...told?.content, ...refused?.content },
  };
  return responses;
}
