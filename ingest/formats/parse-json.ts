import { isUtf8 } from "node:buffer";
import { PipelineError } from "../../runtime/index.ts";

const unicodeEscape = Buffer.from("\\u");

/** Whether JSON text holds a `\u` escape. */
export function hasEscapes(json: Buffer): boolean {
  return json.includes(unicodeEscape);
}

/**
 * @param maxItems keys, array items and brackets that the text may hold in all. A megabyte of small ones keeps the event loop for as long as
 *   a hundred requests: they must be counted before they are parsed.
 * @throws PipelineError request_body_empty, request_too_many_items, request_utf8_invalid, request_json_invalid
 */
export function parseJson(body: Buffer, maxItems: number): unknown {
  if (body.length === 0) throw new PipelineError("request_body_empty");
  if (hasMoreItems(body, maxItems)) throw new PipelineError("request_too_many_items", { fields: { limit: maxItems } });
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

const [quote, comma, openBracket, backslash, openBrace] = [0x22, 0x2c, 0x5b, 0x5c, 0x7b];

/** Whether more than `most` commas and opening brackets stand outside of texts. Text that is no JSON may be counted wrong. */
function hasMoreItems(json: Buffer, most: number): boolean {
  // Each takes a byte: most bodies are too short to need the look.
  if (json.length <= most) return false;
  let count = 0;
  let isText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (isText) {
      if (byte === backslash) i++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if ((byte === comma || byte === openBracket || byte === openBrace) && ++count > most) return true;
  }
  return false;
}
