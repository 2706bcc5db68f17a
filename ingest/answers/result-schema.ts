import { z } from "zod";
import { type ErrorCode, errorTable } from "../../runtime/index.ts";

/**
 * The shape of everything that is answered, written once: the types of the code and the JSON schemas of the API's description
 * derive from it.
 */
const errorCode = z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).meta({
  id: "ErrorCode",
  description: "A stable code. It is never renamed and never changes its meaning; GET /errors explains each.",
});

const index = z.int().min(0).describe("The place of the event in the request, from 0.");
const id = z.string().describe("The id of the event as it was sent.");
const schemaId = z.int().describe("The registry's id of the schema that the event was checked against.");
const docs = z.string().describe("Link to the page of the code, to be resolved against the address of the server.");

const violationShape = {
  code: errorCode,
  pointer: z.string().describe("JSON pointer (RFC 6901) into the event; the empty text is the event itself."),
  expected: z.string().describe("What should stand there, in words."),
  got: z.string().describe("What stands there, in words, cut to a sane length."),
  message: z.string().describe("One sentence of all of it, for people."),
  did_you_mean: z
    .string()
    .optional()
    .describe("The word that was probably meant, for a misspelt attribute, type, field or value."),
};

export const violationSchema = z
  .strictObject(violationShape)
  .meta({ id: "Violation", description: "One thing that is wrong with an event." });

export const storedResultSchema = z
  .strictObject({
    index,
    id,
    status: z.enum(["accepted", "duplicate"]),
    schema_id: schemaId,
    durability: z
      .literal("local")
      .optional()
      .describe(
        "The event is on this server's disk and on its way to Kafka. Absent: Kafka has it on all in-sync replicas.",
      ),
  })
  .meta({
    id: "StoredResult",
    description: "accepted: the event is stored. duplicate: it was stored before. Either way the client forgets it.",
  });

export const refusedResultSchema = z
  .strictObject({
    index,
    id: id.optional(),
    status: z.enum(["rejected", "quarantined"]),
    ...violationShape,
    schema_id: schemaId.optional(),
    docs,
    durability: z
      .literal("local")
      .optional()
      .describe("Of what is quarantined: this server's disk has it, on its way to Kafka. Absent: Kafka has it."),
    violations: z
      .array(violationSchema)
      .optional()
      .describe("All that is wrong, at most 20; absent when it is one thing."),
  })
  .meta({
    id: "RefusedResult",
    description:
      "rejected: nothing is stored, and sending the event again unchanged gives the same answer. quarantined: the original is kept and can be replayed after a repair; the client forgets it.",
  });

export const retryResultSchema = z
  .strictObject({
    index,
    id: id.optional(),
    status: z.literal("retry"),
    code: errorCode,
    message: z.string().describe("One sentence, for people."),
    docs,
    retry_after_ms: z
      .int()
      .min(0)
      .describe("Milliseconds to wait before the same event is sent again, with the same id."),
  })
  .meta({ id: "RetryResult", description: "Nothing is wrong with the event, but it could not be stored now." });

export const resultSchema = z
  .discriminatedUnion("status", [storedResultSchema, refusedResultSchema, retryResultSchema])
  .meta({ id: "Result", description: "What became of one event." });

const count = z.int().min(0);
const countShape = {
  accepted: count,
  rejected: count,
  duplicate: count.optional().describe("Absent when none is."),
  quarantined: count.optional().describe("Absent when none is."),
  retry: count.optional().describe("Absent when none is."),
};
const results = z.array(resultSchema).describe("One result for each event, in the order of the request.");

export const resultsSchema = z
  .strictObject({ ...countShape, results })
  .meta({ id: "Results", description: "What became of the events of a request." });

export const segmentResultsSchema = z
  .strictObject({ success: z.boolean().describe("Whether anything was taken."), ...countShape, results })
  .meta({
    id: "SegmentResults",
    description: "The answer of the paths of Segment's API; its clients look at the status.",
  });

const problemShape = {
  type: z.string().describe("The page of the code."),
  title: z.string().describe("What happened, in one sentence."),
  status: z.int().describe("The HTTP status."),
  code: errorCode,
  detail: z.string().describe("What to do about it."),
  docs,
  fields: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe("Facts about this one case, such as the limit that was passed."),
};

export const problemSchema = z.strictObject(problemShape).meta({
  id: "Problem",
  description: "Why a request as a whole was not taken (RFC 9457). None of its events is stored.",
});

export const retryResultsSchema = z.strictObject({ ...problemShape, ...countShape, results }).meta({
  id: "ProblemWithResults",
  description: "At least one event is to be sent again. The results say which; the others need nothing.",
});

export const streamSummarySchema = z
  .strictObject({
    summary: z.strictObject({
      complete: z.boolean().describe("Whether every line that was sent has been answered."),
      lines: count.describe("Lines that were read."),
      accepted: count,
      duplicate: count,
      quarantined: count,
      rejected: count,
      retry: count,
      problem: problemSchema.optional(),
    }),
  })
  .meta({
    id: "StreamSummary",
    description: "The last line of the answer to a stream. Without it the answer was cut off.",
  });

export const streamLineSchema = z.union([resultSchema, streamSummarySchema]).meta({
  id: "StreamLine",
  description: "One line of the answer to a stream: the result of an event, at last the summary.",
});

export const errorPageSchema = z
  .strictObject({
    code: errorCode,
    title: z.string(),
    remedy: z.string().describe("What the reader can do about it."),
    retryable: z.boolean().describe("Whether the same call may succeed later with nothing changed."),
  })
  .meta({ id: "ErrorPage", description: "What a code means." });

export type RefusedResult = z.infer<typeof refusedResultSchema>;
export type RetryResult = z.infer<typeof retryResultSchema>;
/** Problem details of RFC 9457. `type` and `docs` are the page of the code. */
export type Problem = z.infer<typeof problemSchema>;
export type ErrorPage = z.infer<typeof errorPageSchema>;
