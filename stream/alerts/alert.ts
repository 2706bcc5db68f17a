import { v5 as uuidv5 } from "uuid";
import type { NewEvent } from "../event.ts";
import type { Reason } from "./member.ts";
import type { Cause } from "./signal.ts";

/** Why an alert is told: the values of its field `notification`. */
export type Notification = "opened" | "changed" | "repeated" | "resolved";

/** What the messages about an incident say; kept, so that the last one can be written when the rule is gone. */
export type Account = {
  readonly rule: string;
  readonly key: string;
  readonly severity: "info" | "warning" | "critical";
  readonly cause: Reason;
  readonly startedMs: number;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly event: Cause;
  readonly members: readonly MemberAccount[];
};

/** One of the alerts that a group tells together. */
export type MemberAccount = {
  readonly labels: Readonly<Record<string, string>>;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly summary: string;
};

/** One message about an incident. */
export type AlertMessage = {
  readonly incident: string;
  readonly sequence: number;
  readonly notification: Notification;
  readonly nowMs: number;
  /** Of a resolved one. */
  readonly endedMs?: number;
  readonly account: Account;
};

/** Namespace of the ids of alerts (RFC 9562, 5.5); another value would make other ids of the same transitions. */
const namespace = "8d3c5d2e-6a57-5f0b-9a4e-0f6f5b0c1d27";
const maxLabels = 32;
const maxAnnotations = 16;
const maxMembers = 100;

/** The id of an incident: what it is about, and what made it open at which moment. */
export function incidentId(key: string, startedMs: number, openedMs: number, eventId: string): string {
  return `alr_${uuidv5(JSON.stringify([key, startedMs, openedMs, eventId]), namespace)}`;
}

/** The event of a message. Its id is made of the incident and the number of the message, so a message that is written again is recognised. */
export function alertOf(message: AlertMessage): NewEvent {
  const { incident, sequence, notification, nowMs, account } = message;
  const { rule, key, event, severity, cause, summary, startedMs } = account;
  const ended = notification === "resolved";
  return {
    envelope: {
      id: uuidv5(JSON.stringify([incident, sequence]), namespace),
      type: "alert",
      source: `/hailstream/alerts/${rule}`,
      time: new Date(nowMs).toISOString(),
      subject: key,
      receivedAt: event.receivedAt,
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
    data: {
      ...{ alert_id: incident, alert_key: key, rule, severity, summary, status: ended ? "resolved" : "firing" },
      ...{ event_id: event.id, event_type: event.type, started_at: startedMs, ended_at: message.endedMs ?? null },
      ...{ notification, sequence, cause },
      labels: Object.fromEntries(Object.entries(account.labels).slice(0, maxLabels)),
      annotations: Object.fromEntries(Object.entries(account.annotations).slice(0, maxAnnotations)),
      ...{ latitude: account.latitude, longitude: account.longitude },
      members: account.members
        .slice(0, maxMembers)
        .map(({ labels, startedMs: started_at, endedMs, summary: words }) => ({
          ...{ labels, status: endedMs === null ? "firing" : "resolved", started_at, ended_at: endedMs },
          summary: words,
        })),
    },
  };
}
