import { disabledByHand, type Endpoint } from "../sinks/webhook/index.ts";
import type { AlertMessage, AlertState, BookEntry, KeptSilence } from "../stream/index.ts";

const time = (ms: number) => new Date(ms).toISOString();

/** A rule in one line. */
export function describeRule(spec: {
  readonly name: string;
  readonly severity: string;
  readonly on: readonly string[];
  readonly description: string;
}): string {
  return `${spec.name}  ${spec.severity}  on ${spec.on.join(", ")}: ${spec.description}`;
}

/** The same with where it comes from, or why it is left out. */
export function describeEntry({ name, file, placed, problem }: BookEntry): string {
  const source = file === undefined ? "saved" : "file";
  if (placed === undefined) return `${name}  (${source})  LEFT OUT: ${problem?.message ?? ""}`;
  return `${describeRule(placed.rule.spec)} (${source})`;
}

/** What the senders of webhooks tell by themselves, in the shape of a rule: endpoints that were disabled since their receivers are dead. */
export function deadEndpoints(endpoints: readonly Endpoint[]) {
  const dead = endpoints.filter(
    ({ state, disabled_reason: reason }) => state === "disabled" && reason !== disabledByHand,
  );
  return {
    ...{ rule: "webhook-endpoint-disabled", severity: "critical", on: ["webhook.endpoint"] },
    description: "An endpoint gets no alerts any more.",
    states: dead.map(
      ({ endpoint_id: endpoint, name, disabled_reason: reason, disabled_at: at }): AlertState => ({
        ...{ rule: "webhook-endpoint-disabled", state: "firing", labels: { endpoint, endpoint_name: name } },
        ...(at === null ? {} : { sinceMs: new Date(at).getTime() }),
        summary: `${name === "" ? endpoint : `${name} (${endpoint})`}: ${reason}`,
      }),
    ),
  };
}

/** How one thing that a rule watches stands, in one line. */
export function describeState({ state, labels, sinceMs, summary, told }: AlertState): string {
  const since = sinceMs === undefined ? "" : ` since ${time(sinceMs)}`;
  const held = told === 0 ? " (told to nobody: silenced or inhibited)" : "";
  return `  ${state}${since}${held}  ${summary ?? wordsOf(labels)}`;
}

/** What would have been told, in one line. */
export function describeMessage({ nowMs, notification, account }: AlertMessage): string {
  return `${time(nowMs)}  ${notification}  ${account.key}  ${account.summary}`;
}

/** The same for programs. */
export function messageJson({ incident, sequence, notification, nowMs, account }: AlertMessage) {
  const { rule, key, severity, cause, summary, labels, startedMs } = account;
  return {
    ...{ time: time(nowMs), notification, alert_id: incident, sequence, rule, alert_key: key, severity, cause },
    ...{ started_at: time(startedMs), summary, labels },
  };
}

/** A silence in one line. */
export function describeSilence({ id, matches, endsMs, reason, madeBy }: KeptSilence): string {
  return `${id}  until ${time(endsMs)}  ${wordsOf(matches)}  ${reason} (${madeBy})`;
}

function wordsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
