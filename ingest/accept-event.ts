import type { OutgoingRecord } from "../kafka/index.ts";
import { didYouMean, type ErrorCode, errorTable } from "../runtime/index.ts";
import { type EventType, envelopeHeaders, type Schemas, type Violation } from "../schemas/index.ts";
import { type Inspection, type InspectionLimits, inspectValue } from "./inspect-value.ts";
import { describe, type EnvelopeRules, readEnvelope } from "./read-envelope.ts";

/** What the judging of events needs of the schemas: no connection, only knowledge. */
export type EventKnowledge = Pick<Schemas, "catalogue" | "schemaIdOf" | "check" | "encode" | "keyOf">;

export type AcceptedEvent = {
  readonly ok: true;
  readonly id: string;
  readonly type: EventType;
  readonly schemaId: number;
  readonly record: OutgoingRecord;
};

export type RejectedEvent = {
  readonly ok: false;
  /** When the event has one that is a text. */
  readonly id: string | undefined;
  /** When the event names one that exists. */
  readonly type: EventType | undefined;
  /** At least one; at most {@link maxViolations}. */
  readonly violations: readonly Violation[];
};

/** What is to happen to one event; nothing has happened yet. */
export type Verdict = AcceptedEvent | RejectedEvent;

export type RequestFacts = Omit<EnvelopeRules, "maxFutureMs"> & {
  /** Whether the body held a `\u` escape; see {@link inspectValue}. */
  readonly escapes: boolean;
};

export type AcceptLimits = InspectionLimits & { readonly maxFutureMs: number };

/** An answer names at most this many things wrong with one event. */
export const maxViolations = 20;

/**
 * Judges the events of one request, in order. Each is judged as if it were alone, with one exception: of several events with
 * the same id only the first that is valid is accepted.
 */
export function acceptEvents(
  items: readonly unknown[],
  knowledge: EventKnowledge,
  limits: AcceptLimits,
  request: RequestFacts,
): Verdict[] {
  const rules: EnvelopeRules = { ...request, maxFutureMs: limits.maxFutureMs };
  const taken = items.length > 1 ? new Set<string>() : undefined;
  const verdicts: Verdict[] = new Array(items.length);
  for (let i = 0; i < items.length; i++) {
    const verdict = acceptEvent(items[i], knowledge, limits, rules, request.escapes);
    verdicts[i] = verdict.ok && taken !== undefined ? onlyOnce(verdict, taken) : verdict;
  }
  return verdicts;
}

function acceptEvent(
  item: unknown,
  knowledge: EventKnowledge,
  limits: AcceptLimits,
  rules: EnvelopeRules,
  escapes: boolean,
): Verdict {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    return rejected(item, undefined, [plain("event_not_object", "", "a CloudEvents object", describe(item))]);
  }
  const inspection = inspectValue(item, limits, escapes);
  if (inspection !== undefined) return rejected(item, undefined, [inspected(inspection, limits)]);

  const event = item as Readonly<Record<string, unknown>>;
  const violations: Violation[] = [];
  const envelope = readEnvelope(event, rules, violations);
  const type = typeof event.type === "string" ? knowledge.catalogue.types.get(event.type) : undefined;
  if (type === undefined) {
    if (typeof event.type === "string") violations.push(unknownType(event.type, knowledge));
    return rejected(item, type, violations);
  }
  if (type.kind === "derived") {
    violations.push(plain("event_type_derived", "/type", "a type that apps send", describe(type.name)));
    return rejected(item, type, violations);
  }
  const data = event.data;
  if (data !== undefined && data !== null) {
    const wrong = knowledge.check(type.name, data);
    for (const violation of wrong) violations.push({ ...violation, pointer: `/data${violation.pointer}` });
  }
  if (violations.length > 0) return rejected(item, type, violations);

  const key = knowledge.keyOf(type.name, data);
  if (key === "") {
    const empty = plain("event_key_empty", `/data/${type.keyField}`, "an id", '""');
    return rejected(item, type, [empty]);
  }
  const value = knowledge.encode(type.name, data);
  return {
    ok: true,
    id: envelope.id,
    type,
    schemaId: knowledge.schemaIdOf(type.name),
    record: { key, value, headers: envelopeHeaders(envelope) },
  };
}

function onlyOnce(verdict: AcceptedEvent, taken: Set<string>): Verdict {
  if (!taken.has(verdict.id)) {
    taken.add(verdict.id);
    return verdict;
  }
  const repeated = plain("event_id_repeated", "/id", "an id of its own", describe(verdict.id));
  return { ok: false, id: verdict.id, type: verdict.type, violations: [repeated] };
}

function rejected(item: unknown, type: EventType | undefined, violations: readonly Violation[]): RejectedEvent {
  const id = typeof item === "object" && item !== null ? (item as { id?: unknown }).id : undefined;
  return {
    ok: false,
    id: typeof id === "string" ? id.slice(0, 200).toWellFormed() : undefined,
    type,
    violations: violations.slice(0, maxViolations),
  };
}

function plain(code: ErrorCode, pointer: string, expected: string, got: string): Violation {
  return { code, pointer, expected, got, message: errorTable[code].title };
}

function unknownType(name: string, { catalogue }: EventKnowledge): Violation {
  const hint = name.length > 100 ? undefined : didYouMean(name, [...catalogue.types.keys()]);
  const { title } = errorTable.event_type_unknown;
  return {
    code: "event_type_unknown",
    pointer: "/type",
    expected: "the name of an event type",
    got: describe(name),
    message: hint === undefined ? title : `${title} Did you mean "${hint}"?`,
  };
}

function inspected({ code, pointer }: Inspection, limits: AcceptLimits): Violation {
  const expected = {
    event_too_large: `at most ${limits.maxEventBytes} bytes as compact JSON`,
    event_too_deep: `at most ${limits.maxDepth} levels`,
    event_key_forbidden: "another key",
    event_text_invalid: "text without NUL and without half surrogate pairs",
  }[code];
  const got = {
    event_too_large: "more",
    event_too_deep: "more",
    event_key_forbidden: "this key",
    event_text_invalid: "such a character",
  }[code];
  return plain(code, pointer, expected, got);
}
