import type { Catalogue } from "../../schemas/index.ts";
import type { IngestOptions } from "../options.ts";
import { answerHeaders, answerSchemas } from "./answers.ts";
import type { JsonSchema } from "./data-schema.ts";
import { eventSchemas } from "./event-schemas.ts";
import { parameters } from "./events-path.ts";
import { pathsOf } from "./paths.ts";

/** Of the API, not of the program: a change that breaks clients would be /v2. */
const version = "1.0.0";

/**
 * The description of the API in OpenAPI 3.1. It derives from what the server works with: the Avro schemas of the events, the
 * shapes of the answers, the table of errors and this process's limits.
 */
export function openApiDocument(options: IngestOptions, catalogue: Catalogue): JsonSchema {
  const anonymous = options.apiKeysFile === undefined;
  return {
    openapi: "3.1.1",
    info: {
      title: "hailstream ingest",
      version,
      summary: "Takes events from apps and tells truthfully what became of each.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "Events", description: "Sending events." },
      { name: "Segment", description: "Sending events by Segment's HTTP API, for clients that speak it already." },
      { name: "Tokens", description: "Tokens for devices, which speak for one driver or rider." },
      { name: "Documentation", description: "What the server says about itself." },
      { name: "Operation", description: "For whoever runs the server." },
    ],
    ...(anonymous ? {} : { security: [{ apiKey: [] }] }),
    paths: pathsOf(options, catalogue),
    components: {
      securitySchemes: { apiKey, writeKey },
      headers: answerHeaders,
      parameters,
      schemas: { ...eventSchemas(catalogue), ...answerSchemas() },
    },
  };
}

const writeKey = {
  type: "http",
  scheme: "basic",
  description: "As Segment's clients do it: the API key is the user name, the password is empty.",
};

const apiKey = {
  type: "http",
  scheme: "bearer",
  description: "Authorization: Bearer KEY, where KEY is the app's API key or, for sending events, a device token.",
};
