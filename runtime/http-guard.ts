import type { IncomingMessage } from "node:http";
import { PipelineError } from "./errors.ts";

/** Fields that decide who asks for what, and where a request ends: two of one kind are read differently by different machines. */
const once = new Map(
  ["host", "content-type", "authorization", "content-length", "content-encoding", "transfer-encoding"].map(
    (name, i) => [name, 1 << i] as const,
  ),
);
/** Few other names are as long as one of these, which spares most headers the look at their letters. */
const lengths = new Set([...once.keys()].map((name) => name.length));

/**
 * What is wrong with the head of a request though node:http has read it: what a proxy before us may have read differently, or what no
 * honest client of ours sends.
 *
 * - a target that is not a path: an absolute address, an authority, `*`
 * - a field twice that may stand there once
 * - Transfer-Encoding in HTTP/1.0, which does not know it, or of another kind than chunked
 * - more fields than `maxHeaders`
 *
 * @returns request_head_invalid, or undefined
 */
export function headProblemOf(request: IncomingMessage, maxHeaders: number): PipelineError | undefined {
  const { rawHeaders, url, headers } = request;
  if (url === undefined || url.charCodeAt(0) !== slash) return invalid("the target is not a path");
  if (rawHeaders.length > 2 * maxHeaders) return invalid(`there are more than ${maxHeaders} headers`);
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!lengths.has(name.length)) continue;
    const bit = once.get(name.toLowerCase());
    if (bit === undefined) continue;
    if ((seen & bit) !== 0) return invalid(`there are two headers ${name.toLowerCase()}`);
    seen |= bit;
  }
  const encoding = headers["transfer-encoding"];
  if (encoding === undefined) return undefined;
  if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0) {
    return invalid("HTTP/1.0 has no Transfer-Encoding");
  }
  return encoding.toLowerCase() === "chunked" ? undefined : invalid("the Transfer-Encoding is not chunked");
}

const slash = 0x2f;

function invalid(problem: string): PipelineError {
  return new PipelineError("request_head_invalid", { fields: { problem } });
}

/** For answers that no browser shall show, keep or guess the kind of. */
export const securityHeaders: readonly (readonly [name: string, value: string])[] = [
  ["x-content-type-options", "nosniff"],
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
];
