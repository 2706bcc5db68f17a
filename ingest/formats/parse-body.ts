import { PipelineError } from "../../runtime/index.ts";
import type { Items } from "./items.ts";
import type { BodyShape } from "./media-type.ts";
import { hasEscapes, parseJson } from "./parse-json.ts";

/**
 * @throws PipelineError request_body_empty, request_too_many_items, request_utf8_invalid, request_json_invalid,
 *   request_shape_invalid, request_too_many_events
 */
export function parseBody(
  body: Buffer,
  shape: BodyShape,
  { maxEvents, maxBodyItems }: { readonly maxEvents: number; readonly maxBodyItems: number },
): Items {
  const parsed = parseJson(body, maxBodyItems);
  const isArray = Array.isArray(parsed);
  if (typeof parsed !== "object" || parsed === null || (isArray ? shape === "one" : shape === "many")) {
    const got = isArray ? "an array" : parsed === null ? "null" : typeof parsed;
    const expected = { one: "an object", many: "an array", either: "an object or an array" }[shape];
    throw new PipelineError("request_shape_invalid", { fields: { expected, got } });
  }
  const values: readonly unknown[] = isArray ? parsed : [parsed];
  if (values.length > maxEvents) {
    throw new PipelineError("request_too_many_events", { fields: { events: values.length, limit: maxEvents } });
  }
  return {
    values,
    escapes: hasEscapes(body),
    ...(isArray ? {} : { onlyJson: body }),
    bytesOf: (index) => (isArray ? Buffer.from(JSON.stringify(values[index]) ?? "") : body),
  };
}
