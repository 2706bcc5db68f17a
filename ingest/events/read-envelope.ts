import { didYouMean, type ErrorCode, errorTable } from "../../runtime/index.ts";
import type { Envelope, Violation } from "../../schemas/index.ts";
import { correctTime, type SenderClock, type TimeLimits, timeErrorMs, timeFlagOf } from "./correct-time.ts";
import { readTime } from "./read-time.ts";

export type EnvelopeRules = Pick<TimeLimits, "futureFlagMs" | "pastFlagMs"> & {
  /** Server time of the request, milliseconds since 1970. */
  readonly receivedAt: number;
  readonly maxFutureMs: number;
  /** When the request says when it was sent. */
  readonly clock?: SenderClock;
  /** W3C trace context of the request, for events that bring none of their own. */
  readonly traceparent?: string;
};

const attributes = ["specversion", "id", "type", "source", "time", "subject", "data", "datacontenttype"];
export const maxIdLength = 200;
export const maxSourceLength = 500;
export const maxSubjectLength = 200;
const earliest = Date.UTC(2000, 0, 1);
const jsonContent = /^application\/(?:[\w.+-]+\+)?json\s*(?:;.*)?$/i;
const traceContext = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** `occurredAt`: the time in milliseconds since 1970. */
export type ReadEnvelope = Envelope & { readonly occurredAt: number };

/**
 * Reads the CloudEvents attributes of an event. The id and the time stay exactly as the app wrote them. Everything wrong is
 * added to `violations`; only when nothing is, the envelope is whole. Whether `type` is known is not judged here.
 */
export function readEnvelope(
  event: Readonly<Record<string, unknown>>,
  rules: EnvelopeRules,
  violations: Violation[],
): ReadEnvelope {
  let occurredAt = 0;
  const { specversion, id, type, source, time, subject, datacontenttype } = event;
  const bad = (code: ErrorCode, name: string, expected: string) =>
    violations.push(violation(code, name, expected, event));

  if (specversion !== "1.0") bad("event_specversion_unsupported", "specversion", '"1.0"');
  if (id === undefined) bad("event_id_missing", "id", "a text");
  else if (!isText(id, maxIdLength)) bad("event_id_invalid", "id", `a text of 1 to ${maxIdLength} characters`);
  if (type === undefined) bad("event_type_missing", "type", "the name of an event type");
  else if (typeof type !== "string") bad("event_type_unknown", "type", "the name of an event type");
  if (source === undefined) bad("event_source_missing", "source", "a URI reference");
  else if (!isText(source, maxSourceLength)) {
    bad("event_source_invalid", "source", `a URI reference of 1 to ${maxSourceLength} characters`);
  }
  if (subject !== undefined && subject !== null && !isText(subject, maxSubjectLength)) {
    bad("event_subject_invalid", "subject", `a text of 1 to ${maxSubjectLength} characters, or none`);
  }
  if (time === undefined || time === null) bad("event_time_missing", "time", "an RFC 3339 time");
  else {
    const at = typeof time === "string" ? readTime(time) : undefined;
    if (at === undefined) bad("event_time_invalid", "time", "an RFC 3339 time");
    else if (at < earliest || at > rules.receivedAt + rules.maxFutureMs) {
      const latest = new Date(rules.receivedAt + rules.maxFutureMs).toISOString();
      bad("event_time_unreasonable", "time", `a time from 2000-01-01 to ${latest}`);
    } else occurredAt = at;
  }
  if (datacontenttype !== undefined && datacontenttype !== null) {
    const isJson = typeof datacontenttype === "string" && jsonContent.test(datacontenttype);
    if (!isJson) bad("event_datacontenttype_unsupported", "datacontenttype", "application/json, or none");
  }
  if (event.data_base64 !== undefined) bad("event_data_base64_unsupported", "data_base64", 'JSON in "data"');
  else if (event.data === undefined || event.data === null) bad("event_data_missing", "data", "an object");

  const own = event.traceparent;
  const traceparent = typeof own === "string" && traceContext.test(own) ? own : rules.traceparent;
  const envelope: Writable<ReadEnvelope> = {
    id: id as string,
    type: type as string,
    source: source as string,
    time: time as string,
    receivedAt: rules.receivedAt,
    occurredAt,
  };
  if (typeof subject === "string") envelope.subject = subject;
  if (traceparent !== undefined) envelope.traceparent = traceparent;
  // Otherwise there may be no time at all.
  if (violations.length === 0) judgeTime(envelope, rules);
  return envelope;
}

function judgeTime(envelope: Writable<ReadEnvelope>, rules: EnvelopeRules): void {
  const { time, occurredAt } = envelope;
  const { clock } = rules;
  const corrected = clock === undefined ? undefined : correctTime(occurredAt, clock);
  if (clock !== undefined && corrected !== undefined) {
    envelope.timeCorrected = corrected;
    envelope.timeErrorMs = timeErrorMs(time, occurredAt, clock);
  }
  const flag = timeFlagOf(occurredAt, rules.receivedAt, rules);
  if (flag !== undefined) envelope.timeFlag = flag;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The request's own trace context, when it is well formed. */
export function traceparentOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && traceContext.test(header) ? header : undefined;
}

function isText(value: unknown, maxLength: number): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > maxLength) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return false;
  }
  return true;
}

function violation(
  code: ErrorCode,
  name: string,
  expected: string,
  event: Readonly<Record<string, unknown>>,
): Violation {
  const value = event[name];
  const pointer = `/${name}`;
  const { title } = errorTable[code];
  const stranger = value === undefined ? misspelling(name, event) : undefined;
  if (stranger === undefined) return { code, pointer, expected, got: describe(value), message: title };
  const message = `${title} Did you mean "${stranger}" to be "${name}"?`;
  return { code, pointer, expected, got: `the attribute ${describe(stranger)}`, message, didYouMean: name };
}

/** An event may hold thousands of keys: only these many are compared. */
const maxStrangers = 20;

/** An attribute of the event that is none of CloudEvents' and looks like `name`. */
function misspelling(name: string, event: Readonly<Record<string, unknown>>): string | undefined {
  const strangers = Object.keys(event).filter((key) => key.length <= 30 && !attributes.includes(key));
  return strangers
    .slice(0, maxStrangers)
    .find((key) => key.toLowerCase() === name || didYouMean(key, attributes) === name);
}

const maxShown = 60;

/** A value as it may stand in an answer: its kind, and the value itself when it is short. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return `${typeof value} ${value}`;
  const shown = value.length <= maxShown ? value : `${value.slice(0, maxShown)}…`;
  return JSON.stringify(shown);
}
