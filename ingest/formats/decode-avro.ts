import { type ErrorCode, errorTable, PipelineError } from "../../runtime/index.ts";
import type { Decoded, Schemas, Violation } from "../../schemas/index.ts";
import { describe } from "../events/read-envelope.ts";

/** The content type of Avro in Confluent framing. */
export const avroType = "application/avro";

export type AvroData =
  | { readonly data: Record<string, unknown>; readonly problem?: undefined }
  | { readonly data?: undefined; readonly problem: Violation };

/**
 * The data of one event from Avro in Confluent framing (a zero, the schema id as int32, the Avro body), written with any version of its
 * type that the registry has. While the registry cannot be asked about a new id the problem is event_schema_unavailable.
 * @param type the type that the event says it has
 */
export async function decodeAvro(
  bytes: Buffer,
  type: unknown,
  decode: Schemas["decode"],
  maxBytes: number,
): Promise<AvroData> {
  if (bytes.length > maxBytes) {
    return { problem: wrong("event_too_large", "/data", `at most ${maxBytes} bytes`, `${bytes.length} bytes`) };
  }
  let decoded: Decoded;
  try {
    decoded = await decode(bytes);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { problem: wrong("event_schema_unavailable", "/data", "a schema that is known here", "a new one") };
  }
  const problem = problemOf(decoded, type);
  return problem === undefined && decoded.ok ? { data: decoded.value } : { problem: problem as Violation };
}

/** How the codes of records, which consumers meet, are told to whoever sends one. */
const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  record_schema_unknown: "event_schema_unknown",
  record_type_unknown: "event_schema_unknown",
};

function problemOf(decoded: Decoded, type: unknown): Violation | undefined {
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
