import { type ErrorCode, errorTable, PipelineError } from "../../runtime/index.ts";
import type { Decoded, Schemas, Violation } from "../../schemas/index.ts";
import { describe } from "../events/read-envelope.ts";
import type { Retry } from "../events/verdict.ts";
import { problemsOf, readAttributes, structured } from "./binary-mode.ts";
import type { Items } from "./items.ts";

/**
 * One event whose data is Avro in Confluent framing (a zero, the schema id as int32, the Avro body) and whose attributes are headers. What
 * it was written with may be any version of its type that the registry has; `Retry` while that cannot be asked for a new id.
 */
export async function avroItems(
  rawHeaders: readonly string[],
  body: Buffer,
  decode: Schemas["decode"],
  maxBytes: number,
): Promise<Items | Retry> {
  const attributes = readAttributes(rawHeaders);
  let decoded: Decoded | undefined;
  try {
    if (body.length <= maxBytes) decoded = await decode(body);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { outcome: "retry", id: attributes.values.id, type: undefined, code: "event_schema_unavailable" };
  }
  const problem =
    attributes.problem ??
    (decoded === undefined
      ? wrong("event_too_large", "/data", `at most ${maxBytes} bytes`, `${body.length} bytes`)
      : problemOf(decoded, attributes.values.type));
  // Data that cannot be read is not missing: the envelope alone is judged beside the problem.
  const data = problem === undefined && decoded?.ok === true ? decoded.value : {};
  return {
    values: [{ ...attributes.values, data }],
    ...problemsOf(problem),
    // Avro texts are not escaped: any of them may hold what JSON had to escape.
    escapes: true,
    bytesOf: () => {
      const values = { ...attributes.values, datacontenttype: "application/avro" };
      return structured(values, "data_base64", JSON.stringify(body.toString("base64")));
    },
  };
}

/** How the codes of records, which consumers meet, are told to whoever sends one. */
const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  record_schema_unknown: "event_schema_unknown",
  record_type_unknown: "event_schema_unknown",
};

function problemOf(decoded: Decoded, type: string | undefined): Violation | undefined {
  if (!decoded.ok) {
    const code = codes[decoded.code] ?? "event_avro_invalid";
    return wrong(code, "/data", "a zero, the id of a schema of the registry, and Avro of it", decoded.reason);
  }
  if (decoded.variant !== "base") {
    return wrong("event_schema_mismatch", "/data", "a schema of events that apps send", "one of enriched events");
  }
  // Without a type there is a plainer thing to say, and the judging says it.
  if (type === undefined || type === decoded.type.name) return undefined;
  const expected = `"${decoded.type.name}", the type of schema ${decoded.schemaId}`;
  return wrong("event_schema_mismatch", "/type", expected, describe(type));
}

function wrong(code: ErrorCode, pointer: string, expected: string, got: string): Violation {
  return { code, pointer, expected, got, message: errorTable[code].title };
}
