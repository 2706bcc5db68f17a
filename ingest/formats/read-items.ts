import type { Schemas } from "../../schemas/index.ts";
import { avroItems, withInlineAvro } from "./avro.ts";
import { binaryItems } from "./binary-mode.ts";
import type { Items } from "./items.ts";
import type { BodyFormat } from "./media-type.ts";
import { parseBody } from "./parse-body.ts";

export type ReadingParts = {
  readonly options: { readonly maxEvents: number; readonly maxEventBytes: number; readonly maxBodyItems: number };
  readonly decode: Schemas["decode"];
};

/**
 * The events of a whole body. JSON is read at once, only Avro may have to wait for its schema.
 * @param rawHeaders names and values in turn, as node:http has them
 * @throws PipelineError request_body_empty, request_too_many_items, request_utf8_invalid, request_json_invalid,
 *   request_shape_invalid, request_too_many_events
 */
export function readItems(
  format: Exclude<BodyFormat, "lines">,
  rawHeaders: readonly string[],
  body: Buffer,
  { options, decode }: ReadingParts,
): Items | Promise<Items> {
  if (format === "binary") return binaryItems(rawHeaders, body, options.maxBodyItems);
  if (format === "avro") return avroItems(rawHeaders, body, decode, options.maxEventBytes);
  return withInlineAvro(parseBody(body, format, options), decode, options.maxEventBytes);
}
