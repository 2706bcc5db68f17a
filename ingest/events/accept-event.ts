import { didYouMean, type ErrorCode, errorTable } from "../../runtime/index.ts";
import { type EventType, envelopeHeaders, type Schemas, type Violation } from "../../schemas/index.ts";
import type { Items } from "../formats/items.ts";
import type { Sender } from "../identity/sender.ts";
import { subjectMismatch } from "../identity/subject-binding.ts";
import { type Inspection, type InspectionLimits, inspectValue, isHarmless } from "./inspect-value.ts";
import { describe, type EnvelopeRules, readEnvelope } from "./read-envelope.ts";
import type { Accepted, Refused, Retry, Verdict } from "./verdict.ts";

/** What the judging of events needs of the schemas: no connection, only knowledge. */
export type EventKnowledge = Pick<Schemas, "catalogue" | "schemaIdOf" | "check" | "encode" | "keyOf">;

/** What the request says about all of its events. */
export type RequestFacts = Omit<EnvelopeRules, keyof TimeRules>;

type TimeRules = Pick<EnvelopeRules, "maxFutureMs" | "futureFlagMs" | "pastFlagMs">;

export type AcceptLimits = InspectionLimits & TimeRules;

/** An answer names at most this many things wrong with one event. */
export const maxViolations = 20;

/**
 * Judges the events of one request, in order. Each is judged as if it were alone: whether its id was seen before, here or
 * in another request, is asked later.
 */
export function acceptEvents(
  { values, problems, escapes, onlyJson }: Omit<Items, "bytesOf">,
  knowledge: EventKnowledge,
  limits: AcceptLimits,
  request: RequestFacts,
  sender: Sender,
  /** Events that may not come in now, at their places. */
  away?: readonly (Retry | undefined)[],
): Verdict[] {
  const { maxFutureMs, futureFlagMs, pastFlagMs } = limits;
  const rules: EnvelopeRules = { ...request, maxFutureMs, futureFlagMs, pastFlagMs };
  // A single event is mostly small, and one look at its bytes spares the walk through it.
  const harmless = onlyJson !== undefined && isHarmless(onlyJson, limits);
  const verdicts: Verdict[] = new Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const later = away?.[i];
    if (later !== undefined) {
      verdicts[i] = later;
      continue;
    }
    const problem = problems?.get(i);
    verdicts[i] =
      problem === undefined
        ? acceptEvent(values[i], knowledge, limits, rules, harmless ? undefined : escapes, sender)
        : refuseUnread(values[i], problem, knowledge, rules, sender);
  }
  return verdicts;
}

/** Of an event that cannot be read, or not its data, though perhaps its envelope. */
function refuseUnread(
  item: unknown,
  problem: Violation,
  knowledge: EventKnowledge,
  rules: EnvelopeRules,
  sender: Sender,
): Refused | Retry {
  if (item === undefined) return refuse(item, undefined, [problem], false, knowledge);
  const event = item as Readonly<Record<string, unknown>>;
  const type = typeof event.type === "string" ? knowledge.catalogue.types.get(event.type) : undefined;
  // A schema that cannot be fetched now: the event may be right.
  if (errorTable[problem.code].retryable) return { outcome: "retry", id: idOf(item), type, code: problem.code };
  const violations: Violation[] = [];
  readEnvelope(event, rules, violations);
  const quarantine = violations.length === 0 && sender.stage === "live";
  return refuse(item, type, [...violations, problem], quarantine, knowledge);
}

function acceptEvent(
  item: unknown,
  knowledge: EventKnowledge,
  limits: AcceptLimits,
  rules: EnvelopeRules,
  /** As in {@link inspectValue}; undefined: it need not be inspected. */
  escapes: boolean | undefined,
  sender: Sender,
): Accepted | Refused {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    const wrong = plain("event_not_object", "", "a CloudEvents object", describe(item));
    return refuse(item, undefined, [wrong], false, knowledge);
  }
  const inspection = escapes === undefined ? undefined : inspectValue(item, limits, escapes);
  const event = item as Readonly<Record<string, unknown>>;
  const type = typeof event.type === "string" ? knowledge.catalogue.types.get(event.type) : undefined;
  if (inspection !== undefined) return refuse(item, type, [inspected(inspection, limits)], false, knowledge);

  const violations: Violation[] = [];
  const envelope = readEnvelope(event, rules, violations);
  // An event with a usable envelope can be replayed once its type or its data is mended, by others than its sender.
  const refused = () => refuse(item, type, violations, hasWholeEnvelope && sender.stage === "live", knowledge);
  const hasWholeEnvelope = violations.length === 0;
  const mismatch = sender.subject === undefined ? undefined : subjectMismatch(event, type, sender.subject);
  if (mismatch !== undefined) return refuse(item, type, [mismatch, ...violations], hasWholeEnvelope, knowledge);
  if (type === undefined) {
    if (typeof event.type === "string") violations.push(unknownType(event.type, knowledge));
    return refused();
  }
  if (!sender.mayPost(type.name)) {
    violations.push(plain("event_type_forbidden", "/type", "a type in the scopes of the API key", describe(type.name)));
    return refused();
  }
  if (type.kind === "derived") {
    violations.push(plain("event_type_derived", "/type", "a type that apps send", describe(type.name)));
    return refuse(item, type, violations, false, knowledge);
  }
  const data = event.data;
  if (data !== undefined && data !== null) {
    const wrong = knowledge.check(type.name, data);
    for (const violation of wrong) violations.push(withinData(violation));
  }
  if (violations.length > 0) return refused();

  const key = knowledge.keyOf(type.name, data);
  if (key === "") {
    violations.push(plain("event_key_empty", `/data/${type.keyField}`, "an id", '""'));
    return refused();
  }
  const value = knowledge.encode(type.name, data);
  return {
    outcome: "accepted",
    id: envelope.id,
    type,
    schemaId: knowledge.schemaIdOf(type.name),
    occurredAt: envelope.occurredAt,
    record: { key, value, headers: envelopeHeaders(envelope) },
  };
}

/** What is wrong with the data, as a fault of the event: its sentence begins with the pointer. */
function withinData({ pointer, message, ...violation }: Violation): Violation {
  return { ...violation, pointer: `/data${pointer}`, message: pointer === "" ? message : `/data${message}` };
}

function refuse(
  item: unknown,
  type: EventType | undefined,
  violations: readonly Violation[],
  quarantine: boolean,
  knowledge: EventKnowledge,
): Refused {
  return {
    outcome: quarantine ? "quarantined" : "rejected",
    id: idOf(item),
    type,
    ...(type === undefined ? {} : { schemaId: knowledge.schemaIdOf(type.name) }),
    violations: violations.slice(0, maxViolations),
  };
}

/** As it may stand in an answer, when it is a text. */
function idOf(item: unknown): string | undefined {
  const id = typeof item === "object" && item !== null ? (item as { id?: unknown }).id : undefined;
  return typeof id === "string" ? id.slice(0, 200).toWellFormed() : undefined;
}

function plain(code: ErrorCode, pointer: string, expected: string, got: string): Violation {
  return { code, pointer, expected, got, message: errorTable[code].title };
}

function unknownType(name: string, { catalogue }: EventKnowledge): Violation {
  const hint = didYouMean(name, [...catalogue.types.keys()]);
  const { title } = errorTable.event_type_unknown;
  return {
    code: "event_type_unknown",
    pointer: "/type",
    expected: "the name of an event type",
    got: describe(name),
    message: hint === undefined ? title : `${title} Did you mean "${hint}"?`,
    ...(hint === undefined ? {} : { didYouMean: hint }),
  };
}

function inspected({ code, pointer }: Inspection, limits: AcceptLimits): Violation {
  const expected = {
    event_too_large: `at most ${limits.maxEventBytes} bytes as compact JSON`,
    event_too_deep: `at most ${limits.maxDepth} levels`,
    event_too_many_keys: `at most ${limits.maxKeys} keys and array items`,
    event_text_too_long: `at most ${limits.maxTextChars} characters`,
    event_key_forbidden: "another key",
    event_text_invalid: "text without NUL and without half surrogate pairs",
  }[code];
  const got = {
    event_too_large: "more",
    event_too_deep: "more",
    event_too_many_keys: "more",
    event_text_too_long: "more",
    event_key_forbidden: "this key",
    event_text_invalid: "such a character",
  }[code];
  return plain(code, pointer, expected, got);
}
