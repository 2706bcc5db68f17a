import { isUtf8 } from "node:buffer";
import { PipelineError } from "../../runtime/index.ts";
import type { Items } from "./items.ts";
import type { BodyShape } from "./media-type.ts";

const unicodeEscape = Buffer.from("\\u");

/**
 * @throws PipelineError request_body_empty, request_utf8_invalid, request_json_invalid, request_shape_invalid,
 *   request_too_many_events
 */
export function parseBody(body: Buffer, shape: BodyShape, maxEvents: number): Items {
  if (body.length === 0) throw new PipelineError("request_body_empty");
  // Decoding would replace invalid bytes in silence, and the event stored would not be the event sent.
  if (!isUtf8(body)) throw new PipelineError("request_utf8_invalid");
  const parsed = parseJson(body.toString("utf8"));
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
    escapes: body.includes(unicodeEscape),
    ...(isArray ? {} : { onlyJson: body }),
    bytesOf: (index) => (isArray ? Buffer.from(JSON.stringify(values[index]) ?? "") : body),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // V8 quotes a piece of the text in its message, which may hold personal data: only the position is passed on.
    const position = /position (\d+)/.exec((cause as Error).message)?.[1];
    throw new PipelineError("request_json_invalid", {
      cause,
      ...(position === undefined ? {} : { fields: { position: Number(position) } }),
    });
  }
}
