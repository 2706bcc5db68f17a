import { v7 as uuidv7 } from "uuid";
import { headerText, type KafkaRecord, type OutgoingRecord } from "../../kafka/index.ts";
import { envelopeHeaders } from "../../schemas/index.ts";
import type { Emitted, Reader } from "../flow.ts";
import type { Place } from "../state/counted.ts";
import { deadLetter, drop, forward, type Step } from "../step.ts";
import type { Rules } from "./rules.ts";

/** The internal topic between those who match events with rules and those who keep the alerts. */
export const signalTopic = "alert-signals";

/** What is told of a member for people. */
export type Told = {
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly latitude: number | null;
  readonly longitude: number | null;
};

/** The event behind a signal, as far as alerts tell it. */
export type Cause = {
  readonly id: string;
  readonly type: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly traceparent?: string;
};

/** What one event says to one rule. */
export type Signal = {
  readonly rule: string;
  /** Of the rule, when it was matched. */
  readonly version: string;
  /** What `by` gave: which member of the rule it concerns. */
  readonly labels: Readonly<Record<string, string>>;
  readonly event: Cause;
  /** Where the event was read, by which a repetition is known. */
  readonly place: Place;
  /** Of a rule on single events: whether its condition holds. */
  readonly on?: boolean;
  /** Of a rule with a window: what the event adds to each value, in their order; null for nothing. */
  readonly values?: readonly (number | string | null)[];
  readonly told?: Told;
  /** Instead of all that: why the rule cannot judge the event. */
  readonly error?: string;
  /** By which rules it was matched; see {@link Rules.change}. */
  readonly change?: number;
};

/** A signal as it is read, with the moment when it was written: the time by which alerts live. */
export type ArrivedSignal = Signal & { readonly scope: string; readonly atMs: number };

/** Asks to look at a scope again, since rules have changed. */
export type ArrivedLook = { readonly look: true; readonly scope: string; readonly atMs: number };

/** The end of a matching flow. Signals of one scope lie in one partition. */
export function writeSignal(rules: Rules): Step<Signal, Emitted> {
  return function writeSignal(signal) {
    const rule = rules.byName.get(signal.rule);
    if (rule === undefined) return drop("rule is gone");
    const { id, type, timeMs, receivedAt, traceparent } = signal.event;
    const envelope = {
      ...{ id, type, source: `/hailstream/alerts/${signal.rule}`, time: new Date(timeMs).toISOString(), receivedAt },
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const { change } = rules;
    const value = Buffer.from(JSON.stringify(change === undefined ? signal : { ...signal, change }));
    const key = rules.scopeOf(rule, signal.labels);
    return forward({ topic: signalTopic, record: { key, value, headers: envelopeHeaders(envelope) } });
  };
}

/** Asks whoever keeps a scope to look at it by the rules of this change, or newer ones. */
export function lookRecord(scope: string, change: number): OutgoingRecord {
  return { key: scope, value: Buffer.from(JSON.stringify({ look: true, change })), headers: { ce_id: uuidv7() } };
}

/**
 * Reads what {@link writeSignal} and {@link lookRecord} wrote. Who wrote it may have had newer rules than are known here; then they are read first, so that
 * the first event that a new rule hears is not lost.
 */
export function readSignal(rules: Rules): Reader<ArrivedSignal | ArrivedLook> {
  return function readSignal(record) {
    if (record.value === null || headerText(record, "ce_id") === undefined)
      return deadLetter("stream_envelope_missing", "no signal of a rule");
    const signal = JSON.parse(record.value.toString()) as Signal | { readonly look: true; readonly change: number };
    return isBehind(rules, signal)
      ? catchUp(rules, signal).then(() => arrived(signal, record))
      : arrived(signal, record);
  };

  function arrived(signal: Signal | { readonly look: true }, record: KafkaRecord) {
    const atMs = Number(record.timestamp);
    // The key that it was written under: what is remembered of a scope must not lie in two partitions, whatever the rules say now.
    const scope = record.key?.toString();
    if ("look" in signal) return scope === undefined ? drop("no scope") : forward({ look: true, scope, atMs } as const);
    const rule = rules.byName.get(signal.rule);
    if (rule === undefined) return drop("rule is gone");
    // What was collected otherwise than the rule now says cannot be judged by it. That the condition of an event holds was said in full, and is told: nobody
    // calls for help a second time because a rule was edited meanwhile.
    const isWhole = rule.kind === "event" && signal.on === true;
    if (signal.version !== rule.version && !isWhole) return drop("rule has changed");
    return forward({ ...signal, scope: scope ?? rules.scopeOf(rule, signal.labels), atMs });
  }
}

function isBehind({ change = 0 }: Rules, signal: { readonly change?: number }): boolean {
  return change < (signal.change ?? 0);
}

async function catchUp(rules: Rules, signal: { readonly change?: number }): Promise<void> {
  // The second time for a reading that was under way already when the rules were changed.
  for (let i = 0; i < 2 && isBehind(rules, signal); i++) await rules.refresh?.();
}
