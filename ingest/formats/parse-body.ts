import { PipelineError } from "../../runtime/index.ts";
import type { Items } from "./items.ts";
import { lineItems } from "./line-items.ts";
import type { BodyShape } from "./media-type.ts";
import { hasEscapes, parseJson } from "./parse-json.ts";
import { splitArray } from "./split-array.ts";

/**
 * The events of a body of JSON. An item of an array that cannot be read is a problem of its own where brackets and quotes tell its end.
 * @throws PipelineError request_body_empty, request_too_many_items, request_utf8_invalid, request_json_invalid,
 *   request_shape_invalid, request_too_many_events
 */
export function parseBody(
  body: Buffer,
  shape: BodyShape,
  { maxEvents, maxBodyItems }: { readonly maxEvents: number; readonly maxBodyItems: number },
): Items {
  let parsed: unknown;
  try {
    parsed = parseJson(body, maxBodyItems);
  } catch (error) {
    const items = shape === "one" || !isUnreadable(error) ? undefined : splitArray(body);
    if (items === undefined) throw error;
    refuseTooMany(items.length, maxEvents);
    // One event that is no JSON must not take the others with it.
    return lineItems(
      items.map((bytes, number) => ({ number, bytes, tooLong: false })),
      body.length,
    );
  }
  const isArray = Array.isArray(parsed);
  if (typeof parsed !== "object" || parsed === null || (isArray ? shape === "one" : shape === "many")) {
    const got = isArray ? "an array" : parsed === null ? "null" : typeof parsed;
    const expected = { one: "an object", many: "an array", either: "an object or an array" }[shape];
    throw new PipelineError("request_shape_invalid", { fields: { expected, got } });
  }
  const values: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  refuseTooMany(values.length, maxEvents);
  return {
    values,
    escapes: hasEscapes(body),
    ...(isArray ? {} : { onlyJson: body }),
    bytesOf: (index) => (isArray ? Buffer.from(JSON.stringify(values[index]) ?? "") : body),
  };
}

function isUnreadable(error: unknown): boolean {
  return PipelineError.is(error, "request_json_invalid") || PipelineError.is(error, "request_utf8_invalid");
}

function refuseTooMany(events: number, limit: number): void {
  if (events > limit) throw new PipelineError("request_too_many_events", { fields: { events, limit } });
}
