import { type Account, type AlertMessage, incidentId, type MemberAccount, type Notification } from "./alert.ts";
import type { Member } from "./member.ts";
import type { Rule } from "./rule.ts";

/** Something that people are told of from when it opens until it is resolved. */
export type Incident = {
  readonly id: string;
  /** How many messages there were; 0 while it is held back by a silence or by another rule. */
  readonly sequence: number;
  readonly toldMs: number;
  readonly account: Account;
  /** The members that were told to be firing. */
  readonly told: readonly string[];
  /** Members that ended while it stood, the newest last. */
  readonly ended: readonly MemberAccount[];
};

/** The members of a rule that are told together, and the incident that stands for those that fire. */
export type Group = {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, Member>>;
  readonly incident?: Incident;
};

/** Whether a group may be told now. */
export type Held = { readonly silenced: boolean; readonly inhibited: boolean };

export type Told = { readonly group: Group; readonly messages: readonly AlertMessage[] };

const maxEnded = 50;
const maxMembersTold = 100;
/** How soon the end of a silence is noticed. */
export const recheckMs = 5_000;

/**
 * Opens, tells and resolves the incident of a group. `before` are its members as they were. A resolved incident is told whenever it was told that it
 * fires, also under a silence: whoever was woken must learn that it is over.
 */
export function tell(rule: Rule, group: Group, before: Group["members"], held: Held, nowMs: number): Told {
  const firing = Object.entries(group.members).filter(([, { firing }]) => firing === true);
  if (firing.length === 0) {
    const { incident, ...rest } = group;
    const endedMs = endOf(before, nowMs);
    return { group: rest, messages: incident === undefined ? [] : endMessages(incident, nowMs, endedMs) };
  }
  const ended = [...(group.incident?.ended ?? []), ...endedNow(group, before, nowMs)].slice(-maxEnded);
  const account = accountOf(rule, group, firing, ended);
  const [first] = firing as [(typeof firing)[0]];
  const opened: Incident = group.incident ?? {
    id: incidentId(account.key, account.startedMs, nowMs, first[1].event.id),
    ...{ sequence: 0, toldMs: nowMs, account, told: [], ended: [] },
  };
  const startedMs = Math.min(opened.account.startedMs, account.startedMs);
  const incident: Incident = { ...opened, ended, account: { ...account, startedMs } };
  const why = held.silenced || held.inhibited ? undefined : reasonToTell(rule, incident, firing, nowMs);
  if (why === undefined) return { group: { ...group, incident }, messages: [] };
  const sequence = incident.sequence + 1;
  const told = firing.map(([key]) => key);
  const message = { incident: incident.id, sequence, notification: why, nowMs, account: incident.account };
  return { group: { ...group, incident: { ...incident, sequence, toldMs: nowMs, told } }, messages: [message] };
}

/** The last message about an incident, if there was a first. */
export function endMessages(incident: Incident, nowMs: number, endedMs: number): readonly AlertMessage[] {
  if (incident.sequence === 0) return [];
  const { id, sequence, account } = incident;
  const members = account.members.map((member) => (member.endedMs === null ? { ...member, endedMs } : member));
  const closed = { ...account, members };
  return [
    {
      incident: id,
      sequence: sequence + 1,
      notification: "resolved",
      nowMs,
      endedMs: Math.max(endedMs, account.startedMs),
      account: closed,
    },
  ];
}

/** When a group is to be told again without anything that happens. */
export function nextMessage(rule: Rule, { incident, members }: Group, held: Held, nowMs: number): number {
  if (incident === undefined) return Infinity;
  if (held.silenced && incident.sequence === 0) return nowMs + recheckMs;
  if (held.inhibited || incident.sequence === 0) return Infinity;
  const isChanged = rule.grouped && hasUntold(incident, Object.entries(members));
  const soonest = isChanged ? incident.toldMs + rule.spec.group_interval : Infinity;
  const next = Math.min(soonest, incident.toldMs + rule.spec.repeat_interval);
  return held.silenced ? Math.max(next, nowMs + recheckMs) : next;
}

function reasonToTell(
  rule: Rule,
  incident: Incident,
  firing: readonly (readonly [string, Member])[],
  nowMs: number,
): Notification | undefined {
  if (incident.sequence === 0) return "opened";
  const mayChange = rule.grouped && nowMs >= incident.toldMs + rule.spec.group_interval;
  if (mayChange && hasUntold(incident, firing)) return "changed";
  return nowMs >= incident.toldMs + rule.spec.repeat_interval ? "repeated" : undefined;
}

function hasUntold(incident: Incident, members: readonly (readonly [string, Member])[]): boolean {
  const told = new Set(incident.told);
  return members.some(([key, member]) => member.firing === true && !told.has(key));
}

function accountOf(
  rule: Rule,
  group: Group,
  firing: readonly (readonly [string, Member])[],
  ended: readonly MemberAccount[],
): Account {
  const members = firing.map(([, member]) => member);
  const newest = members.reduce((a, b) => ((b.since?.ms ?? 0) > (a.since?.ms ?? 0) ? b : a));
  const words = newest.told?.summary ?? `${rule.name} fires.`;
  return {
    rule: rule.name,
    key: [rule.name, ...rule.groupBy.map((name) => group.labels[name] ?? "")].join("/"),
    severity: rule.spec.severity,
    cause: newest.since?.reason ?? "condition",
    startedMs: Math.min(...members.map(({ since }) => since?.startedMs ?? Infinity)),
    summary: members.length === 1 ? words : `${words} (and ${members.length - 1} more)`,
    labels: commonLabels(members),
    annotations: newest.told?.annotations ?? {},
    latitude: newest.told?.latitude ?? null,
    longitude: newest.told?.longitude ?? null,
    event: newest.event,
    members: rule.grouped ? membersOf(members, ended) : [],
  };
}

function membersOf(firing: readonly Member[], ended: readonly MemberAccount[]): readonly MemberAccount[] {
  const all = firing.slice(0, maxMembersTold).map((member) => memberAccount(member, null));
  return [...all, ...ended].slice(0, maxMembersTold);
}

/** The labels that all of them have with the same value. */
function commonLabels([first, ...others]: readonly Member[]): Readonly<Record<string, string>> {
  const all = Object.entries({ ...first?.told?.labels, ...first?.labels });
  const isCommon = ([name, value]: readonly [string, string]) =>
    others.every(({ told, labels }) => (labels[name] ?? told?.labels[name]) === value);
  return Object.fromEntries(all.filter(isCommon));
}

function endedNow(group: Group, before: Group["members"], nowMs: number): readonly MemberAccount[] {
  return Object.entries(before).flatMap(([key, member]) =>
    member.firing === true && group.members[key]?.firing !== true
      ? [memberAccount(member, member.stoppedMs ?? nowMs)]
      : [],
  );
}

function endOf(before: Group["members"], nowMs: number): number {
  const ends = Object.values(before).flatMap(({ firing, stoppedMs }) => (firing === true ? [stoppedMs ?? nowMs] : []));
  return ends.length === 0 ? nowMs : Math.max(...ends);
}

function memberAccount({ labels, since, told }: Member, endedMs: number | null): MemberAccount {
  return { labels, startedMs: since?.startedMs ?? 0, endedMs, summary: told?.summary ?? "" };
}
