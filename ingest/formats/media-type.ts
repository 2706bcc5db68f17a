import type { IncomingHttpHeaders } from "node:http";
import { PipelineError } from "../../runtime/index.ts";

/** What a JSON body may hold by its content type: one event, an array of them, or either. */
export type BodyShape = "one" | "many" | "either";

/**
 * How the events of a body are written: JSON of a shape, JSON data whose envelope is in the headers, Avro data whose envelope is in the
 * headers, or one event a line.
 */
export type BodyFormat = BodyShape | "binary" | "avro" | "lines";

const formats: Readonly<Record<string, BodyFormat>> = {
  "application/cloudevents+json": "one",
  "application/cloudevents-batch+json": "many",
  "application/json": "either",
  "application/x-ndjson": "lines",
  "application/ndjson": "lines",
  "application/avro": "avro",
};
const jsonName = /^application\/[\w.+-]+\+json$/;

/**
 * Reads the headers that say what a body holds. By the HTTP binding of CloudEvents the content type comes first: only what it does not
 * name as events is data with its envelope in the `ce-` headers.
 * @throws PipelineError request_media_type_unsupported
 */
export function bodyFormatOf(headers: IncomingHttpHeaders): BodyFormat {
  const contentType = headers["content-type"];
  const isBinary = headers["ce-specversion"] !== undefined || headers["ce-id"] !== undefined;
  // Almost every request says exactly this.
  if (contentType === "application/json") return isBinary ? "binary" : "either";
  if (contentType === undefined && isBinary) return "binary";
  const [first = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const name = first.trim();
  let format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (isBinary && (format === "either" || (format === undefined && jsonName.test(name)))) format = "binary";
  const charset = parameters
    .map((p) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(p)?.[1])
    .find((c) => c !== undefined);
  if (format === undefined || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    const got = contentType === undefined ? "no Content-Type" : contentType.slice(0, 100);
    throw new PipelineError("request_media_type_unsupported", { fields: { header: "Content-Type", got } });
  }
  return format;
}

/**
 * Whether a Content-Encoding header asks for gzip; "x-gzip" is its old name.
 * @throws PipelineError request_encoding_unsupported
 */
export function isGzip(contentEncoding: string | undefined): boolean {
  if (contentEncoding === undefined) return false;
  const name = contentEncoding.trim().toLowerCase();
  if (name === "gzip" || name === "x-gzip") return true;
  if (name === "identity") return false;
  const fields = { header: "Content-Encoding", got: name.slice(0, 100) };
  throw new PipelineError("request_encoding_unsupported", { fields });
}
