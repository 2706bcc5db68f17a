import { type Counted, isCounted, withPlace } from "../state/counted.ts";
import { reasonOf } from "./expressions.ts";
import { presenceEveryMs } from "./match-rules.ts";
import { holdsMs, type Rule } from "./rule.ts";
import type { ArrivedSignal, Cause, Told } from "./signal.ts";
import { textsOf } from "./template.ts";
import { type Bucket, collect, current, valuesOf } from "./window-values.ts";

/** Why a member fires: the values of the field `cause` of an alert. */
export type Reason = "condition" | "no_data" | "error";

/** What is remembered of one thing that a rule watches, such as a city. */
export type Member = {
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  /** When the last signal arrived. */
  readonly lastMs: number;
  readonly counted: Counted;
  readonly event: Cause;
  readonly told?: Told;
  /** Of a rule on single events: until when the last event's word holds that the condition is met. */
  readonly onUntilMs?: number;
  readonly buckets?: readonly Bucket[];
  /** Until when it counts as failing. */
  readonly error?: { readonly message: string; readonly untilMs: number };
  /** Since when the condition holds without a break, while it is pending or firing. */
  readonly since?: { readonly ms: number; readonly startedMs: number; readonly reason: Reason };
  readonly firing?: boolean;
  /** While it is firing and its condition holds no more: since when. */
  readonly stoppedMs?: number;
};

/** A failing rule counts as such for so long behind the last failure. */
const errorMs = 10 * 60_000;
/** How long a member is remembered behind its last signal, for repetitions; and where its silence counts. */
const keepMs = 15 * 60_000;
const keepSilentMs = 7 * 24 * 3_600_000;

/** The member with a signal; the same one for a repetition. */
export function hear(rule: Rule, known: Member | undefined, signal: ArrivedSignal, nowMs: number): Member {
  if (known !== undefined && isCounted(known.counted, signal.place)) return known;
  const windowMs = rule.spec.window ?? 0;
  const before = known?.version === rule.version ? known : withoutCollected(known);
  const heard: Member = {
    ...before,
    ...{ labels: signal.labels, version: rule.version, lastMs: nowMs, event: signal.event },
    counted: withPlace(known?.counted, signal.place),
  };
  if (signal.error !== undefined) return { ...heard, error: { message: signal.error, untilMs: nowMs + errorMs } };
  if (rule.kind === "absence") return heard;
  if (rule.kind === "window") {
    const event = { timeMs: signal.event.timeMs, nowMs, windowMs };
    return { ...heard, buckets: collect(before?.buckets ?? [], event, signal.values ?? [], rule.aggregates) };
  }
  if (signal.on !== true) return without(heard, "onUntilMs");
  return {
    ...heard,
    onUntilMs: nowMs + holdsMs(rule.spec),
    ...(signal.told === undefined ? {} : { told: signal.told }),
  };
}

/** What the passing of time makes of a member: pending, firing and resolved. Undefined: nothing is left to be remembered. */
export function judge(rule: Rule, member: Member, nowMs: number): Member | undefined {
  const fresh = member.buckets === undefined ? member : withBuckets(rule, member, nowMs);
  const { reason, told } = reasonNow(rule, fresh, nowMs);
  const now = told === undefined ? fresh : { ...fresh, told };
  if (reason !== undefined) {
    const began = startOf(rule, now, reason, nowMs);
    // Something else than the condition does not wait for it.
    const since = now.since === undefined || (!now.firing && now.since.reason !== reason) ? began : now.since;
    const waitMs = reason === "condition" ? rule.spec.for : 0;
    const firing = now.firing === true || nowMs - since.ms >= waitMs;
    return without({ ...now, since, firing }, "stoppedMs");
  }
  if (now.firing !== true) return isOver(rule, now, nowMs) ? undefined : without(now, "since", "stoppedMs");
  const stoppedMs = now.stoppedMs ?? nowMs;
  if (nowMs - stoppedMs < rule.spec.keep_firing_for) return { ...now, stoppedMs };
  return without({ ...now, firing: false }, "since", "stoppedMs");
}

/** When `judge` may give something else without a signal. */
export function nextJudgement(rule: Rule, member: Member, nowMs: number): number {
  const { spec } = rule;
  const moments = [
    member.onUntilMs,
    member.error?.untilMs,
    ...(member.buckets?.length ? [member.buckets[0]?.[0] ?? 0] : []).map((start) => start + (spec.window ?? 0)),
    member.firing !== true && member.since !== undefined ? member.since.ms + spec.for : undefined,
    member.stoppedMs === undefined ? undefined : member.stoppedMs + spec.keep_firing_for,
    absentAt(rule, member),
    spec.no_data_after === undefined ? undefined : member.lastMs + spec.no_data_after,
    member.lastMs + keepOf(rule),
  ];
  return Math.min(...(moments.filter((moment) => moment !== undefined && moment > nowMs) as number[]));
}

/** The words for people about a member that is not told by an event. */
function reasonNow(rule: Rule, member: Member, nowMs: number): { reason?: Reason; told?: Told } {
  if (member.error !== undefined && member.error.untilMs > nowMs) return failing(rule, member.error.message);
  const { labels } = member;
  try {
    if (rule.kind === "event") {
      if ((member.onUntilMs ?? 0) > nowMs) return { reason: "condition" };
    } else if (rule.kind === "absence") {
      const over = member.lastMs + keepOf(rule) <= nowMs;
      if ((absentAt(rule, member) ?? Infinity) <= nowMs && !over)
        return { reason: "condition", told: render(rule, { labels }) };
    } else {
      const names = { ...valuesOf(member.buckets ?? [], rule.aggregates), labels };
      if (rule.when?.(names) === true) return { reason: "condition", told: render(rule, names) };
    }
  } catch (error) {
    return failing(rule, reasonOf(error));
  }
  const { no_data_after: silenceMs } = rule.spec;
  if (silenceMs === undefined || nowMs < member.lastMs + silenceMs || isOld(rule, member, nowMs)) return {};
  const words = Object.entries(labels).map(([name, value]) => `${name} ${value}`);
  const where = words.length === 0 ? "" : ` for ${words.join(", ")}`;
  return { reason: "no_data", told: plain(`No data: nothing arrives that the rule ${rule.name} could judge${where}.`) };
}

function failing(rule: Rule, message: string): { reason: Reason; told: Told } {
  return { reason: "error", told: plain(`The rule ${rule.name} fails: ${message}.`) };
}

function plain(summary: string): Told {
  return { summary, labels: {}, annotations: {}, latitude: null, longitude: null };
}

function render(rule: Rule, names: Readonly<Record<string, unknown>>): Told {
  const { labels, annotations } = rule;
  return {
    ...plain(rule.summary(names)),
    labels: textsOf(labels, names),
    annotations: textsOf(annotations, names),
  };
}

function startOf(rule: Rule, member: Member, reason: Reason, nowMs: number) {
  const said = rule.kind === "event" && reason === "condition";
  const startedMs = said ? Math.min(member.event.timeMs, nowMs) : rule.kind === "absence" ? member.lastMs : nowMs;
  return { ms: nowMs, startedMs, reason };
}

/** Presence is told only every so often, so its absence is sure only that much later. */
function absentAt(rule: Rule, member: Member): number | undefined {
  const { absent_for: absentMs } = rule.spec;
  return absentMs === undefined || member.error !== undefined ? undefined : member.lastMs + absentMs + presenceEveryMs;
}

function keepOf(rule: Rule): number {
  const { absent_for, no_data_after, window = 0 } = rule.spec;
  return absent_for !== undefined || no_data_after !== undefined ? keepSilentMs : Math.max(keepMs, window);
}

function isOld(rule: Rule, member: Member, nowMs: number): boolean {
  return nowMs >= member.lastMs + keepOf(rule);
}

function isOver(rule: Rule, member: Member, nowMs: number): boolean {
  return isOld(rule, member, nowMs) && (member.buckets ?? []).length === 0;
}

function withBuckets(rule: Rule, member: Member, nowMs: number): Member {
  // Collected otherwise than the rule says now.
  if (member.version !== rule.version) return without(member, "buckets");
  const buckets = current(member.buckets ?? [], nowMs, rule.spec.window ?? 0);
  return buckets === member.buckets ? member : { ...member, buckets };
}

function withoutCollected(member: Member | undefined): Member | undefined {
  return member === undefined ? undefined : without(member, "buckets", "onUntilMs", "error");
}

function without<K extends keyof Member>(member: Member, ...keys: readonly K[]): Member {
  const copy: Record<string, unknown> = { ...member };
  for (const key of keys) delete copy[key];
  return copy as Member;
}
