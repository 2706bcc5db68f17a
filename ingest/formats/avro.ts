import type { Schemas, Violation } from "../../schemas/index.ts";
import { problemsOf, readAttributes, structured } from "./binary-mode.ts";
import { avroType, decodeAvro } from "./decode-avro.ts";
import type { Items } from "./items.ts";

/** One event whose data is an Avro body in Confluent framing and whose attributes are headers. */
export async function avroItems(
  rawHeaders: readonly string[],
  body: Buffer,
  decode: Schemas["decode"],
  maxBytes: number,
): Promise<Items> {
  const attributes = readAttributes(rawHeaders);
  const { data, problem } = await decodeAvro(body, attributes.values.type, decode, maxBytes);
  return {
    // Data that cannot be read is not missing: the envelope alone is judged beside the problem.
    values: [{ ...attributes.values, data: data ?? {} }],
    ...problemsOf(attributes.problem ?? problem),
    // Avro texts are not escaped: any of them may hold what JSON had to escape.
    escapes: true,
    bytesOf: () => {
      const values = { ...attributes.values, datacontenttype: avroType };
      return structured(values, "data_base64", JSON.stringify(body.toString("base64")));
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Events in structured mode may hold Avro, too, as CloudEvents' JSON format has it: `datacontenttype` says so and `data_base64` has the
 * bytes. Other items are returned as they are, at once.
 */
export function withInlineAvro(items: Items, decode: Schemas["decode"], maxBytes: number): Items | Promise<Items> {
  // Nearly always there is none, and this look is all that it costs.
  for (const value of items.values) if (isAvro(value)) return decodeInline(items, decode, maxBytes);
  return items;
}

async function decodeInline(items: Items, decode: Schemas["decode"], maxBytes: number): Promise<Items> {
  const problems = new Map<number, Violation>(items.problems);
  const values = await Promise.all(
    items.values.map(async (value, index) => {
      if (!isAvro(value)) return value;
      const { data_base64: text, datacontenttype: _type, ...attributes } = value;
      const { data, problem } = await decodeAvro(Buffer.from(text, "base64"), attributes.type, decode, maxBytes);
      if (problem !== undefined) problems.set(index, problem);
      return { ...attributes, data: data ?? {} };
    }),
  );
  return { values, problems, escapes: true, bytesOf: items.bytesOf };
}

function isAvro(value: unknown): value is Fields & { readonly data_base64: string } {
  if (typeof value !== "object" || value === null) return false;
  const { data_base64: text, datacontenttype } = value as Fields;
  return text !== undefined && typeof text === "string" && datacontenttype === avroType;
}
