import type { Change, RememberingStep } from "../state/remembering-step.ts";
import type { AlertMessage } from "./alert.ts";
import { endMessages, type Group, type Held, nextMessage, tell } from "./incident.ts";
import { hear, judge, type Member, nextJudgement } from "./member.ts";
import type { Rule } from "./rule.ts";
import type { Rules } from "./rules.ts";
import type { ArrivedLook, ArrivedSignal } from "./signal.ts";
import type { Silences } from "./silences.ts";

/** All groups of one scope, by rule and labels: what is judged together because one may keep another silent. */
export type ScopeMemory = {
  readonly groups: Readonly<Record<string, Group>>;
  /** Its own name; a rule that is judged together with others now belongs to another one. */
  readonly scope?: string;
  /** By which rules it was judged; see {@link Rules.change}. */
  readonly change?: number;
};

/** How soon a scope is looked at again that newer rules have judged than are known here. */
const behindMs = 1_000;

/** More things than this that one scope watches are a mistake in the rule: each costs memory and time at every signal. */
const maxMembers = 2_000;

/**
 * Keeps what every rule watches, tells what begins to fire and what is resolved. Time is that of arrival: an alert is for people who act now, so what
 * counts is when the pipeline could know. All that it depends on are the signals, the rules, and the silences. Rules may change meanwhile: what a rule told
 * that is gone, or that is judged together with others now, is resolved; what newer rules have judged waits until they are known here too.
 */
export function keepAlerts(
  rules: Rules,
  silences: Silences,
): RememberingStep<ArrivedSignal | ArrivedLook, ScopeMemory, AlertMessage> {
  return {
    keyOf: ({ scope }) => scope,
    timeOf: ({ atMs }) => atMs,
    take(known, signal, { watermark }) {
      const memory = { groups: {}, ...known, scope: signal.scope };
      if ("look" in signal) return settle(memory, memory.groups, watermark);
      const rule = rules.byName.get(signal.rule);
      // Taken away since the signal was read.
      if (rule === undefined) return settle(memory, memory.groups, watermark);
      const { groups, heard } = withSignal(memory, rule, signal, watermark);
      return settle({ ...memory, groups }, memory.groups, watermark, heard);
    },
    wake: (known, { watermark }) => settle(known, known.groups, watermark),
  };

  /** Whether newer rules have judged it than are known here. */
  function isAhead(memory: ScopeMemory): boolean {
    return (memory.change ?? 0) > (rules.change ?? 0);
  }

  function withSignal(memory: ScopeMemory, rule: Rule, signal: ArrivedSignal, nowMs: number) {
    const { groups } = memory;
    const isBehind = isAhead(memory);
    const labels = Object.fromEntries(rule.groupBy.map((name) => [name, signal.labels[name] ?? ""]));
    const groupKey = JSON.stringify([rule.name, ...Object.values(labels)]);
    const group = groups[groupKey] ?? { rule: rule.name, labels, members: {} };
    const memberKey = JSON.stringify(Object.values(signal.labels));
    const known = group.members[memberKey];
    // What newer rules collect is not for these to begin anew.
    if (isBehind && known !== undefined && known.version !== rule.version && rule.kind !== "event")
      return { heard: groupKey, groups };
    const isTooMany = known === undefined && countMembers(groups) >= maxMembers;
    const heard = isTooMany
      ? hear(rule, undefined, { ...signal, error: `it watches more than ${maxMembers} things at once` }, nowMs)
      : hear(rule, known, signal, nowMs);
    const key = isTooMany ? "too many" : memberKey;
    // Judged here, so that the others need not be copied a second time.
    const member = isBehind ? heard : (judge(rule, heard, nowMs) ?? heard);
    if (!isBehind) noteJudged(rule, member, nowMs);
    const members = { ...group.members, [key]: member };
    return { heard: groupKey, groups: { ...groups, [groupKey]: { ...group, members } } };
  }

  /** @param heard the group that a signal has just come for */
  function settle(
    memory: ScopeMemory,
    before: ScopeMemory["groups"],
    nowMs: number,
    heard?: string,
  ): Change<ScopeMemory, AlertMessage> {
    if (isAhead(memory)) return { state: memory, wakeMs: nowMs + behindMs, emit: [] };
    const { change = 0 } = rules;
    const emit: AlertMessage[] = [];
    const moved: string[] = [];
    const judged = Object.entries(memory.groups).flatMap(([key, group]) => {
      const rule = rules.byName.get(group.rule);
      const isMoved = rule !== undefined && memory.scope !== undefined && homeOf(rule, group) !== memory.scope;
      // A signal that was on its way when the rules changed is told all the same.
      if (isMoved && key === heard) moved.push(key);
      else if (isMoved || rule === undefined) {
        // Nobody will judge it any more.
        if (group.incident !== undefined) emit.push(...endMessages(group.incident, nowMs, nowMs));
        return [];
      }
      if (rule === undefined) return [];
      return [{ key, rule, group: { ...group, members: judgeAll(rule, group.members, nowMs) } }];
    });
    const firing = new Set(
      judged
        .filter(({ group }) => Object.values(group.members).some((member) => member.firing))
        .map(({ rule }) => rule.name),
    );
    const after: Record<string, Group> = {};
    let wakeMs = moved.length > 0 ? nowMs + behindMs : Infinity;
    for (const { key, rule, group } of judged) {
      const held: Held = {
        inhibited: rule.spec.inhibited_by.some((other) => firing.has(other.rule)),
        silenced: isSilenced(rule, group, nowMs),
      };
      const told = tell(rule, group, before[key]?.members ?? {}, held, nowMs);
      emit.push(...told.messages);
      const next = nextMessage(rule, told.group, held, nowMs);
      const members = Object.values(told.group.members);
      if (members.length === 0 && told.group.incident === undefined) continue;
      after[key] = told.group;
      wakeMs = members.reduce(
        (soonest, member) => Math.min(soonest, noteJudged(rule, member, nowMs)),
        Math.min(wakeMs, next),
      );
    }
    if (Object.keys(after).length === 0) return { state: undefined, emit };
    const state = { ...memory, groups: after, ...(change === 0 ? {} : { change }) };
    return { state, wakeMs: Number.isFinite(wakeMs) ? wakeMs : nowMs + 60_000, emit };
  }

  /** The scope that a group belongs to by the rules of now. */
  function homeOf(rule: Rule, { labels }: Group): string {
    const known = homes.get(labels);
    if (known?.of === rules.all) return known.scope;
    const scope = rules.scopeOf(rule, labels);
    homes.set(labels, { of: rules.all, scope });
    return scope;
  }

  function isSilenced(rule: Rule, group: Group, nowMs: number): boolean {
    const firing = Object.values(group.members).filter((member) => member.firing === true);
    const { severity } = rule.spec;
    // A group is silent when all that fires in it is silenced.
    return (
      firing.length > 0 &&
      firing.every(({ told, labels }) =>
        silences.silences({ ...told?.labels, ...labels, rule: rule.name, severity }, nowMs),
      )
    );
  }
}

/** Found anew only when the rules change: a scope may have a thousand groups, all of which each signal would ask. */
const homes = new WeakMap<Group["labels"], { readonly of: Rules["all"]; readonly scope: string }>();

function countMembers(groups: ScopeMemory["groups"]): number {
  return Object.values(groups).reduce((sum, { members }) => sum + Object.keys(members).length, 0);
}

function judgeAll(rule: Rule, members: Group["members"], nowMs: number): Group["members"] {
  let judged: Record<string, Member> | undefined;
  for (const [key, member] of Object.entries(members)) {
    if (heldUntil(rule, member, nowMs) !== undefined) continue;
    const now = judge(rule, member, nowMs);
    judged ??= { ...members };
    if (now === undefined) delete judged[key];
    else judged[key] = now;
  }
  return judged ?? members;
}

/** Members that are judged, and for how long that holds: of the many that a scope watches, a signal or a moment concerns but few. */
const judgements = new WeakMap<Member, { readonly rule: Rule; readonly fromMs: number; readonly untilMs: number }>();

function heldUntil(rule: Rule, member: Member, nowMs: number): number | undefined {
  const known = judgements.get(member);
  return known?.rule === rule && known.fromMs <= nowMs && nowMs < known.untilMs ? known.untilMs : undefined;
}

/** When judging a member again, which is judged now, may give something else. */
function noteJudged(rule: Rule, member: Member, nowMs: number): number {
  const held = heldUntil(rule, member, nowMs);
  if (held !== undefined) return held;
  const untilMs = nextJudgement(rule, member, nowMs);
  judgements.set(member, { rule, fromMs: nowMs, untilMs });
  return untilMs;
}
