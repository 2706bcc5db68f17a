import type { Change, RememberingStep } from "../state/remembering-step.ts";
import type { AlertMessage } from "./alert.ts";
import { endMessages, type Group, type Held, nextMessage, tell } from "./incident.ts";
import { hear, judge, type Member, nextJudgement } from "./member.ts";
import type { Rule } from "./rule.ts";
import type { Rules } from "./rules.ts";
import type { ArrivedSignal } from "./signal.ts";
import type { Silences } from "./silences.ts";

/** All groups of one scope, by rule and labels: what is judged together because one may keep another silent. */
export type ScopeMemory = { readonly groups: Readonly<Record<string, Group>> };

/** More things than this that one scope watches are a mistake in the rule: each costs memory and time at every signal. */
const maxMembers = 2_000;

/**
 * Keeps what every rule watches, tells what begins to fire and what is resolved. Time is that of arrival: an alert is for people who act now, so what
 * counts is when the pipeline could know. All that it depends on are the signals, the rules, and the silences.
 */
export function keepAlerts(
  rules: Rules,
  silences: Silences,
): RememberingStep<ArrivedSignal, ScopeMemory, AlertMessage> {
  return {
    keyOf: ({ scope }) => scope,
    timeOf: ({ atMs }) => atMs,
    take(known, signal, { watermark }) {
      return settle(withSignal(known?.groups ?? {}, signal, watermark), known?.groups ?? {}, watermark);
    },
    wake: (known, { watermark }) => settle(known.groups, known.groups, watermark),
  };

  function withSignal(groups: ScopeMemory["groups"], signal: ArrivedSignal, nowMs: number): ScopeMemory["groups"] {
    const rule = rules.byName.get(signal.rule) as Rule;
    const labels = Object.fromEntries(rule.groupBy.map((name) => [name, signal.labels[name] ?? ""]));
    const groupKey = JSON.stringify([rule.name, ...Object.values(labels)]);
    const group = groups[groupKey] ?? { rule: rule.name, labels, members: {} };
    const memberKey = JSON.stringify(Object.values(signal.labels));
    const known = group.members[memberKey];
    const isTooMany = known === undefined && countMembers(groups) >= maxMembers;
    const heard = isTooMany
      ? hear(rule, undefined, { ...signal, error: `it watches more than ${maxMembers} things at once` }, nowMs)
      : hear(rule, known, signal, nowMs);
    // Judged here, so that the others need not be copied a second time.
    const member = judge(rule, heard, nowMs) ?? heard;
    noteJudged(rule, member, nowMs);
    const key = isTooMany ? "too many" : memberKey;
    return { ...groups, [groupKey]: { ...group, members: { ...group.members, [key]: member } } };
  }

  function settle(
    groups: ScopeMemory["groups"],
    before: ScopeMemory["groups"],
    nowMs: number,
  ): Change<ScopeMemory, AlertMessage> {
    const emit: AlertMessage[] = [];
    const judged = Object.entries(groups).flatMap(([key, group]) => {
      const rule = rules.byName.get(group.rule);
      if (rule === undefined) {
        // Nobody will judge it any more.
        if (group.incident !== undefined) emit.push(...endMessages(group.incident, nowMs, nowMs));
        return [];
      }
      return [{ key, rule, group: { ...group, members: judgeAll(rule, group.members, nowMs) } }];
    });
    const firing = new Set(
      judged
        .filter(({ group }) => Object.values(group.members).some((member) => member.firing))
        .map(({ rule }) => rule.name),
    );
    const after: Record<string, Group> = {};
    let wakeMs = Infinity;
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
    return { state: { groups: after }, wakeMs: Number.isFinite(wakeMs) ? wakeMs : nowMs + 60_000, emit };
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
