import { z } from "zod";
import { type ErrorCode, errorTable } from "../../runtime/index.ts";
import { isRetryLater, statuses } from "../answers/problems.ts";
import {
  errorPageSchema,
  problemSchema,
  resultsSchema,
  retryResultsSchema,
  segmentResultsSchema,
  streamLineSchema,
} from "../answers/result-schema.ts";
import { exampleProblem, exampleResults } from "./answer-examples.ts";
import type { JsonSchema } from "./data-schema.ts";
import { refTo } from "./event-schemas.ts";

export type Responses = Readonly<Record<string, JsonSchema>>;

/** The schemas of all answers, by their names among the components: derived from those that give the code its types. */
export function answerSchemas(): Readonly<Record<string, JsonSchema>> {
  const all = z.tuple([
    resultsSchema,
    retryResultsSchema,
    problemSchema,
    errorPageSchema,
    streamLineSchema,
    segmentResultsSchema,
  ]);
  const { $defs } = z.toJSONSchema(all, {
    target: "draft-2020-12",
    // "A whole number" is enough: the bounds of JavaScript's are no promise.
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  const text = JSON.stringify($defs);
  return JSON.parse(text.replaceAll('"#/$defs/', `"${refTo("")}`)) as Record<string, JsonSchema>;
}

export const answerHeaders: Readonly<Record<string, JsonSchema>> = {
  "Hailstream-Results": {
    description: "How many events had each outcome; the body says the same, and which.",
    schema: { type: "string", examples: ["accepted=97, rejected=3"] },
  },
  "Retry-After": {
    description: "Whole seconds to wait, spread at random so that clients do not return together.",
    schema: { type: "integer", minimum: 1 },
  },
  "RateLimit-Policy": {
    description:
      "The limits that count for this sender (draft-ietf-httpapi-ratelimit-headers): `key`, `device` or `address` with the events at once and the seconds after which they may come again, or `capacity`, that of the server.",
    schema: { type: "string", examples: ['"device";q=5000;w=50;qu="events"'] },
  },
  RateLimit: {
    description: "What is left of them, and in how many seconds all of it is.",
    schema: { type: "string", examples: ['"device";r=0;t=50'] },
  },
  "WWW-Authenticate": { description: "How to authenticate.", schema: { type: "string" } },
  Allow: { description: "The methods that the path has.", schema: { type: "string" } },
};

const headersOf = (...names: (keyof typeof answerHeaders)[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** The answers to a request whose events were judged, other than those that ask to come again. */
export const judgedResponses: Responses = {
  202: judged(202, "Every event is accepted, or was before. Also the answer to an empty array."),
  207: judged(207, "Some events are accepted, others rejected or quarantined: the results say which."),
  422: judged(422, "No event is accepted: each is rejected or quarantined."),
};

/** The answers of Segment's paths to a request whose events were judged. */
export const segmentResponses: Responses = {
  200: segmentAnswer(
    207,
    true,
    "At least one event is accepted, was before, or is quarantined; the results say which.",
  ),
  400: segmentAnswer(422, false, "Every event is rejected."),
};

function segmentAnswer(status: number, success: boolean, description: string): JsonSchema {
  const example = { success, ...(exampleResults(status) as object) };
  return {
    description,
    headers: headersOf("Hailstream-Results"),
    content: { "application/json": { schema: { $ref: refTo("SegmentResults") }, example } },
  };
}

function judged(status: number, description: string): JsonSchema {
  return {
    description,
    headers: headersOf("Hailstream-Results"),
    content: { "application/json": { schema: { $ref: refTo("Results") }, example: exampleResults(status) } },
  };
}

/**
 * The answers to a request that is not taken as a whole, one a status, with the codes that lead to it.
 * @param withResults whether 429 and 503 may come after the events were judged, and then tell what became of each.
 * @param can which codes the operation may answer
 */
export function problemResponses(withResults: boolean, can: (code: ErrorCode) => boolean): Responses {
  const codes = new Map<number, ErrorCode[]>(can("request_failed") ? [[500, ["request_failed"]]] : []);
  for (const [code, status] of Object.entries(statuses) as [ErrorCode, number][])
    if (can(code)) codes.set(status, [...(codes.get(status) ?? []), code]);
  const entries = [...codes].map(([status, itsCodes]) => [status, problemResponse(status, itsCodes, withResults)]);
  return Object.fromEntries(entries);
}

function problemResponse(status: number, codes: readonly ErrorCode[], withResults: boolean): JsonSchema {
  const problem = { $ref: refTo("Problem") };
  const later = isRetryLater(status);
  const schema = later && withResults ? { anyOf: [{ $ref: refTo("ProblemWithResults") }, problem] } : problem;
  const example = status === 503 && withResults ? exampleResults(503) : exampleProblem(codes[0] as ErrorCode);
  const headers = {
    ...(later ? headersOf("Retry-After", "RateLimit-Policy", "RateLimit") : {}),
    ...(status === 401 ? headersOf("WWW-Authenticate") : {}),
    ...(status === 405 ? headersOf("Allow") : {}),
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTable[code].title}`).join("\n\n"),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { "application/problem+json": { schema, example } },
  };
}
