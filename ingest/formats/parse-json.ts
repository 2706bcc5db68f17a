import { isUtf8 } from "node:buffer";
import { PipelineError } from "../../runtime/index.ts";

const unicodeEscape = Buffer.from("\\u");

/** Whether JSON text holds a `\u` escape. */
export function hasEscapes(json: Buffer): boolean {
  return json.includes(unicodeEscape);
}

/** @throws PipelineError request_body_empty, request_utf8_invalid, request_json_invalid */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw new PipelineError("request_body_empty");
  // Decoding would replace invalid bytes in silence, and the event stored would not be the event sent.
  if (!isUtf8(body)) throw new PipelineError("request_utf8_invalid");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    // V8 quotes a piece of the text in its message, which may hold personal data: only the position is passed on.
    const position = /position (\d+)/.exec((cause as Error).message)?.[1];
    throw new PipelineError("request_json_invalid", {
      cause,
      ...(position === undefined ? {} : { fields: { position: Number(position) } }),
    });
  }
}
