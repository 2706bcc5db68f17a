import { LRUCache } from "lru-cache";
import type { KafkaRecord } from "../../kafka/index.ts";
import { headerText } from "../../kafka/index.ts";
import type { Envelope, Schemas } from "../../schemas/index.ts";
import { type DecodedEvent, readEvent } from "../event.ts";
import type { Origin, Reader } from "../flow.ts";
import { drop, forward, type Step } from "../step.ts";
import { reasonOf } from "./expressions.ts";
import type { Aggregate, Rule } from "./rule.ts";
import { ownSources, ownTypeOf } from "./rule-sources.ts";
import type { Rules } from "./rules.ts";
import type { Signal } from "./signal.ts";
import { textsOf } from "./template.ts";

/** An event for which a rule listens, and when it arrived in its topic. */
export type HeardEvent = Pick<DecodedEvent, "timeMs" | "value" | "place"> & {
  readonly envelope: Pick<Envelope, "id" | "type" | "source" | "subject" | "time" | "receivedAt" | "traceparent">;
  readonly atMs: number;
};

/** Reads the events of a topic for which a rule listens; of all others only the type is looked at. */
export function readHeard(schemas: Pick<Schemas, "decode">, rules: Rules, topic: string): Reader<HeardEvent> {
  const ownType = ownTypeOf(topic);
  if (ownType !== undefined) return readOwn(ownType);
  const read = readEvent(schemas);
  const heard = byRules(rules, () => ({
    types: new Set(rules.all.flatMap(({ spec }) => spec.on)),
    fromMs: Math.min(...rules.all.map((rule) => (rule.topics.includes(topic) ? (rule.sinceMs ?? 0) : Infinity))),
  }));
  const withArrival = (verdict: Awaited<ReturnType<typeof read>>, record: KafkaRecord) => {
    const [event] = verdict.type === "forward" ? verdict.records : [];
    if (event === undefined) return verdict as ReturnType<typeof drop>;
    // A revision of an event that was heard before; see stream/revise.
    const revision = event.value.enrichment_revision;
    if (typeof revision === "number" && revision > 0) return drop("a revision");
    return forward({ ...event, atMs: Number(record.timestamp) });
  };
  return function readHeard(record, origin) {
    const type = headerText(record, "ce_type");
    const { types, fromMs } = heard();
    if ((type !== undefined && !types.has(type)) || Number(record.timestamp) < fromMs) return forward();
    const verdict = read(record, origin);
    return verdict instanceof Promise ? verdict.then((one) => withArrival(one, record)) : withArrival(verdict, record);
  };
}

/** What the pipeline set aside: only headers are read, for the bytes may be anything. */
function readOwn(type: string): Reader<HeardEvent> {
  const headers = Object.entries(ownSources[type]?.headers ?? {});
  return function readOwn(record, { topic, partition }: Origin) {
    const atMs = Number(record.timestamp);
    const time = new Date(atMs).toISOString();
    const value = Object.fromEntries(headers.map(([name, header]) => [name, headerText(record, header) ?? ""]));
    const id = `${topic}-${partition}-${record.offset}`;
    const envelope = { id, type, source: `/hailstream/${topic}`, time, receivedAt: atMs };
    const place = { readFrom: `${topic}/${partition}`, readOffset: Number(record.offset) };
    return forward({ envelope, timeMs: atMs, value, place, atMs });
  };
}

/** That something is there, and that a rule fails, is told at most this often by each process. */
export const presenceEveryMs = 5_000;
const maxPresences = 50_000;

/**
 * What each event says to the rules that listen for its type. An expression that fails is a signal too. Where only the presence of events counts, most
 * of them say nothing new and are left out; which ones does not depend on how often a batch is judged.
 */
export function matchRules(rules: Rules): Step<HeardEvent, Signal> {
  const listening = byRules(rules, () => {
    told.clear();
    return Map.groupBy(
      rules.all.flatMap((rule) => rule.spec.on.map((type) => ({ type, rule, blank: blankOf(rule) }))),
      ({ type }) => type,
    );
  });
  const told = new LRUCache<string, { readonly atMs: number; readonly place: string }>({ max: maxPresences });

  function isNews(key: string, { atMs, place }: HeardEvent): boolean {
    const before = told.get(key);
    const here = `${place.readFrom} ${place.readOffset}`;
    if (before !== undefined && before.place !== here && Math.abs(atMs - before.atMs) < presenceEveryMs) return false;
    told.set(key, { atMs, place: here });
    return true;
  }

  return function matchRules(heard) {
    const signals: Signal[] = [];
    for (const { rule, blank } of listening().get(heard.envelope.type) ?? []) {
      if (heard.atMs < (rule.sinceMs ?? 0)) continue;
      try {
        const signal = signalOf(rule, heard, blank);
        if (signal === undefined) continue;
        if (rule.kind === "absence" && !isNews(`${rule.name} ${JSON.stringify(signal.labels)}`, heard)) continue;
        signals.push(signal);
      } catch (error) {
        if (isNews(`${rule.name} fails`, heard))
          signals.push({ ...base(rule, heard), labels: {}, error: reasonOf(error) });
      }
    }
    return signals.length === 0 ? forward() : forward(...signals);
  };
}

/** What is made of the rules, made anew when they are others. */
function byRules<T>(rules: Rules, make: () => T): () => T {
  let made: { readonly of: Rules["all"]; readonly value: T } | undefined;
  return () => {
    if (made?.of !== rules.all) made = { of: rules.all, value: make() };
    return made.value;
  };
}

function signalOf(
  rule: Rule,
  heard: HeardEvent,
  blank: Readonly<Record<string, null>> | undefined,
): Signal | undefined {
  const { id, type, source, subject = "", time } = heard.envelope;
  const names: Record<string, unknown> = {
    data: blank === undefined ? heard.value : { ...blank, ...heard.value },
    event: { id, type, source, subject, time },
    labels: {},
  };
  const labels: Record<string, string> = {};
  names.labels = labels;
  if (rule.where !== undefined && rule.where(names) !== true) return undefined;
  for (const [name, of] of rule.by) labels[name] = labelOf(of(names));
  const signal = { ...base(rule, heard), labels };
  if (rule.kind === "absence") return signal;
  if (rule.kind === "window") {
    const values = rule.aggregates.map((aggregate) => contributionOf(aggregate, names));
    return values.every((value) => value === null) ? undefined : { ...signal, values };
  }
  const on = rule.when === undefined || rule.when(names) === true;
  if (!on) return { ...signal, on };
  const told = {
    summary: rule.summary(names),
    labels: textsOf(rule.labels, names),
    annotations: textsOf(rule.annotations, names),
    latitude: degrees(rule.location?.latitude(names), 90),
    longitude: degrees(rule.location?.longitude(names), 180),
  };
  return { ...signal, on, told };
}

function base(rule: Rule, { envelope, timeMs, place }: HeardEvent): Omit<Signal, "labels"> {
  const { id, type, receivedAt, traceparent } = envelope;
  const event = { id, type, timeMs, receivedAt, ...(traceparent === undefined ? {} : { traceparent }) };
  return { rule: rule.name, version: rule.version, event, place };
}

function contributionOf({ kind, of, only }: Aggregate, names: Readonly<Record<string, unknown>>) {
  if (only !== undefined && only(names) !== true) return null;
  const value = of(names);
  if (kind === "count") return value === true ? 1 : null;
  if (kind === "distinct") return value === null ? null : String(value);
  return value === null ? null : Number(value);
}

/** Of events of several types each lacks some fields; they are null, as in a table of all of them. */
function blankOf({ spec }: Rule): Readonly<Record<string, null>> | undefined {
  const parts = [spec.where, spec.when, spec.summary, ...Object.values(spec.by), ...Object.values(spec.labels)];
  const texts = [...parts, ...Object.values(spec.annotations), JSON.stringify(spec.values ?? {})].join(" ");
  if (spec.on.length < 2) return undefined;
  return Object.fromEntries([...texts.matchAll(/\bdata\.(\w+)/g)].map(([, name]) => [name, null]));
}

const maxLabelLength = 200;

function labelOf(value: unknown): string {
  return value === null || value === undefined ? "" : String(value).slice(0, maxLabelLength);
}

function degrees(value: unknown, limit: number): number | null {
  return typeof value === "number" && Math.abs(value) <= limit ? value : null;
}
