import type { IncomingMessage } from "node:http";
import type { Schemas } from "../../schemas/index.ts";
import { resultOf } from "../answers/results.ts";
import type { Accepted, Verdict } from "../events/verdict.ts";
import type { Items } from "../formats/items.ts";
import type { Observer } from "../observer.ts";
import type { Kept, KeptEvents } from "./kept.ts";

export type ObservingParts = {
  readonly kept: KeptEvents;
  readonly decode: Schemas["decode"];
  readonly docsUrl: string;
  /** Hears of what is no good, in words for people. */
  readonly onBad: (sentence: string) => void;
  readonly now: () => number;
};

/** Longer events and bodies are kept as their beginning. */
const maxShownBytes = 256 * 1024;
const quarantineWarning =
  "The SDK counts it as delivered, but it is in no table: it waits in quarantine until somebody corrects it.";

/** Writes down what the door tells. */
export function createObserver({ kept, decode, docsUrl, onBad, now }: ObservingParts): Observer {
  const bodies = new WeakMap<IncomingMessage, Buffer>();

  function keep(
    { parts, ...found }: Omit<Kept, "sequence" | "json"> & { readonly parts: JsonParts },
    at: number,
  ): void {
    const sequence = kept.next;
    const { status, id, type, code } = found;
    const head = { sequence, received_at: new Date(at).toISOString(), status, id, type, code };
    const json = Buffer.from(objectOf({ head: JSON.stringify(head), ...parts }));
    kept.add({ sequence, ...found, json });
  }

  function keepEvent(items: Items, index: number, verdict: Verdict, at: number): void {
    const { outcome: status } = verdict;
    const sent = (items.values[index] ?? {}) as { readonly type?: unknown; readonly subject?: unknown };
    const type = verdict.type?.name ?? textOf(sent.type);
    const code = "code" in verdict ? verdict.code : "violations" in verdict ? verdict.violations[0]?.code : undefined;
    const parts: JsonParts = shown(items, index);
    // Of what is to be sent again, the answer says when; that is decided behind us.
    if (status !== "retry") parts.result = resultOf(index, verdict, { docsUrl, retryAfterMs: 0 });
    if (status === "accepted") parts.stored = JSON.stringify(storedOf(verdict, decode), bytesAsText);
    const warnings = warningsOf(verdict);
    if (warnings.length > 0) parts.warnings = JSON.stringify(warnings);
    const key = status === "accepted" ? (verdict.record.key?.toString() ?? undefined) : undefined;
    keep({ status, id: verdict.id, type, subject: textOf(sent.subject), key, code, parts }, at);
    if ("violations" in verdict) onBad(sentenceOn(type, verdict));
  }

  return {
    body: (request, body) => void bodies.set(request, body),
    events(items, verdicts, receivedAt) {
      for (const [index, verdict] of verdicts.entries()) keepEvent(items, index, verdict, receivedAt);
    },
    problem(request, problem) {
      const { method = "", url = "" } = request;
      // Whoever only looks has sent nothing.
      if (["GET", "HEAD", "OPTIONS"].includes(method) || url.startsWith("/micro/")) return;
      const parts = {
        request: JSON.stringify(requestOf(request, bodies.get(request))),
        problem: JSON.stringify(problem),
      };
      keep({ status: "refused", code: problem.code, parts }, now());
      onBad(`${method} ${url} was refused: ${problem.title} ${problem.detail} [${problem.code}]`);
    },
  };
}

/** The members of an entry, each as JSON. */
type JsonParts = Partial<
  Record<"event" | "sent_text" | "stored" | "warnings" | "result" | "request" | "problem", string>
>;

function objectOf({ head = "{}", ...parts }: JsonParts & { readonly head: string }): string {
  return Object.entries(parts).reduce((text, [name, json]) => `${text.slice(0, -1)},"${name}":${json}}`, head);
}

/** The event as it was sent; as a text when it is no JSON, too long, or too deeply nested to be written again. */
function shown(items: Items, index: number): JsonParts {
  const value = items.values[index];
  const json = value === undefined ? undefined : unlessTooDeep(() => JSON.stringify(value, bytesAsText));
  if (json !== undefined && json.length <= maxShownBytes) return { event: json };
  const text = unlessTooDeep(() => beginningOf(items.bytesOf(index)));
  return text === undefined ? {} : { sent_text: JSON.stringify(text) };
}

function unlessTooDeep(write: () => string | undefined): string | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}

/** What Kafka gets: read back from the bytes, so defaults are filled in. */
function storedOf({ type, schemaId, record }: Accepted, decode: Schemas["decode"]) {
  const decoded = record.value == null ? undefined : decode(record.value);
  const data = decoded !== undefined && "ok" in decoded && decoded.ok ? decoded.value : undefined;
  return { topic: type.topic, key: record.key?.toString(), schema_id: schemaId, headers: record.headers, data };
}

function warningsOf(verdict: Verdict): string[] {
  if (verdict.outcome === "quarantined") return [quarantineWarning];
  if (verdict.outcome !== "accepted") return [];
  const { time_flag: flag } = verdict.record.headers as Readonly<Record<string, string | undefined>>;
  if (flag === undefined) return [];
  const where = flag === "future" ? "ahead of the server's clock" : "far back";
  return [`Its time lies ${where}; it is stored with the flag ${flag}.`];
}

function sentenceOn(type: string | undefined, { outcome, id, violations }: Extract<Verdict, { violations: object }>) {
  const [{ pointer, message, expected, got, code }] = violations as [(typeof violations)[number]];
  const more = violations.length > 1 ? ` and ${violations.length - 1} more` : "";
  // What is wrong with the data says so itself, with the place.
  const facts = message.startsWith("/data") ? message : `${pointer}: ${message} Expected ${expected}, got ${got}`;
  return `${type ?? "An event"} ${id ?? "without an id"} was ${outcome}: ${facts}${more} [${code}]`;
}

function requestOf({ method, url, headers }: IncomingMessage, body: Buffer | undefined) {
  return {
    method,
    path: url,
    content_type: headers["content-type"],
    content_encoding: headers["content-encoding"],
    body_bytes: body?.length,
    body: body === undefined ? undefined : beginningOf(body),
  };
}

function beginningOf(bytes: Buffer): string {
  return bytes.subarray(0, maxShownBytes).toString().toWellFormed();
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, 200).toWellFormed() : undefined;
}

/** Avro has bytes, JSON has none. */
function bytesAsText(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const before = this[name];
  return Buffer.isBuffer(before) ? before.toString("base64") : value;
}
