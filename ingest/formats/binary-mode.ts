import { errorTable } from "../../runtime/index.ts";
import type { Violation } from "../../schemas/index.ts";
import type { Items } from "./items.ts";
import { hasEscapes, parseJson } from "./parse-json.ts";

/** The CloudEvents attributes of one event in binary mode: everything but its data. */
export type Attributes = {
  readonly values: Readonly<Record<string, string>>;
  /** The first header that cannot be read. */
  readonly problem?: Violation;
  /** Whether a value was percent-encoded: only then can it hold NUL. */
  readonly encoded: boolean;
};

/** A letter and digits, as CloudEvents has it; data and its type are the body and the Content-Type. */
const attributeHeader = /^ce-(?!data$|datacontenttype$)([a-z0-9]{1,50})$/i;
const percentRun = /(?:%[0-9a-f]{2})+/gi;
const notAscii = /[^\x20-\x7e]/;

/**
 * Reads the `ce-` headers by the HTTP binding of CloudEvents 1.0 (3.1.3.2): double quotes are taken off first, then one round of
 * percent-decoding is made. A `%` without two hex digits stays what it is, since some clients do not encode.
 * @param rawHeaders names and values in turn, as node:http has them
 */
export function readAttributes(rawHeaders: readonly string[]): Attributes {
  const values: Record<string, string> = {};
  let problem: Violation | undefined;
  let encoded = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = attributeHeader.exec(rawHeaders[i] as string)?.[1]?.toLowerCase();
    if (name === undefined) continue;
    const raw = rawHeaders[i + 1] as string;
    const value = decodeValue(raw);
    if (value === undefined)
      problem ??= badHeader(name, "percent-encoded UTF-8 in printable ASCII", "another encoding");
    else if (Object.hasOwn(values, name)) problem ??= badHeader(name, "the header once", "the header twice");
    else values[name] = value;
    if (raw.includes("%")) encoded = true;
  }
  return { values, encoded, ...(problem === undefined ? {} : { problem }) };
}

/**
 * One event whose data is a JSON body and whose attributes are headers.
 * @throws PipelineError request_too_many_items, request_utf8_invalid, request_json_invalid
 */
export function binaryItems(rawHeaders: readonly string[], body: Buffer, maxItems: number): Items {
  const attributes = readAttributes(rawHeaders);
  const event: Record<string, unknown> = { ...attributes.values };
  // CloudEvents allows an event without data; whether its type does is judged later.
  if (body.length > 0) event.data = parseJson(body, maxItems);
  return {
    values: [event],
    ...problemsOf(attributes.problem),
    escapes: attributes.encoded || hasEscapes(body),
    bytesOf: () => structured(attributes.values, "data", body.length === 0 ? "null" : body),
  };
}

/** The problem of the one event of a request, as `Items` has it. */
export function problemsOf(problem: Violation | undefined): Pick<Items, "problems"> {
  return problem === undefined ? {} : { problems: new Map([[0, problem]]) };
}

/** The same event in CloudEvents' structured mode, in which it can be kept and sent again. */
export function structured(attributes: Readonly<Record<string, string>>, name: string, json: Buffer | string): Buffer {
  const head = JSON.stringify(attributes).slice(0, -1);
  const comma = head === "{" ? "" : ",";
  return Buffer.concat([Buffer.from(`${head}${comma}"${name}":`), Buffer.from(json as string), Buffer.from("}")]);
}

function decodeValue(raw: string): string | undefined {
  if (notAscii.test(raw)) return undefined;
  const value = raw.startsWith('"') ? unquote(raw) : raw;
  if (value === undefined || !value.includes("%")) return value;
  try {
    return value.replace(percentRun, decodeURIComponent);
  } catch {
    // Bytes that are no UTF-8, which the binding wants refused.
    return undefined;
  }
}

/** The content of a quoted-string of RFC 9110. */
function unquote(raw: string): string | undefined {
  const content = /^"((?:[^"\\]|\\.)*)"$/.exec(raw)?.[1];
  return content?.replace(/\\(.)/g, "$1");
}

function badHeader(name: string, expected: string, got: string): Violation {
  const code = "event_attribute_invalid";
  return { code, pointer: `/${name}`, expected, got, message: errorTable[code].title };
}
