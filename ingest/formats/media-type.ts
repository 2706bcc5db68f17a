import { PipelineError } from "../../runtime/index.ts";

/** What a body may hold by its content type: one event, an array of them, or either. */
export type BodyShape = "one" | "many" | "either";

const shapes: Readonly<Record<string, BodyShape>> = {
  "application/cloudevents+json": "one",
  "application/cloudevents-batch+json": "many",
  "application/json": "either",
};

/**
 * Reads a Content-Type header.
 * @throws PipelineError request_media_type_unsupported
 */
export function bodyShapeOf(contentType: string | undefined): BodyShape {
  // Almost every request says exactly this.
  if (contentType === "application/json") return "either";
  const [name = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const shape = Object.hasOwn(shapes, name.trim()) ? shapes[name.trim()] : undefined;
  const charset = parameters
    .map((p) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(p)?.[1])
    .find((c) => c !== undefined);
  if (shape === undefined || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    const got = contentType === undefined ? "no Content-Type" : contentType.slice(0, 100);
    throw new PipelineError("request_media_type_unsupported", { fields: { header: "Content-Type", got } });
  }
  return shape;
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
