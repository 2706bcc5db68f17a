import { v5 as uuidv5 } from "uuid";
import type { Envelope } from "../../schemas/index.ts";

/** What a rule says about one event; the fields of the event type `alert` that are not the same for all rules. */
export type Finding = {
  /** Name of the rule; never renamed, since the ids of its alerts are made of it. */
  readonly rule: string;
  /** What the alert is about, within the rule: alerts with the same one belong together. */
  readonly about: string;
  readonly severity: "info" | "warning" | "critical";
  readonly status: "firing" | "resolved";
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly latitude: number | null;
  readonly longitude: number | null;
};

/** An alert on its way out: its envelope and its data, ready to be encoded. */
export type AlertEvent = {
  readonly envelope: Envelope;
  /** Data of the event type `alert`. */
  readonly data: Readonly<Record<string, unknown>> & { readonly alert_key: string };
};

/** Namespace of the ids of alerts (RFC 9562, 5.5); another value would make other ids of the same events. */
const namespace = "8d3c5d2e-6a57-5f0b-9a4e-0f6f5b0c1d27";
const maxLabelLength = 200;

/**
 * The alert that a rule makes of one event. Everything in it comes from the event: ids are computed, times copied. So the same event gives the
 * same bytes whenever and wherever it is read, and whoever receives it twice can tell.
 */
export function alertOf(event: Envelope, finding: Finding): AlertEvent {
  const { rule, severity, status, summary, latitude, longitude } = finding;
  const alertKey = `${rule}/${finding.about}`;
  const labels = Object.fromEntries(
    Object.entries(finding.labels).map(([name, value]) => [name, value.slice(0, maxLabelLength)]),
  );
  return {
    envelope: {
      id: uuidv5(JSON.stringify([rule, event.id, status]), namespace),
      type: "alert",
      source: `/hailstream/alerts/${rule}`,
      time: event.time,
      subject: alertKey,
      receivedAt: event.receivedAt,
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
    data: {
      alert_id: `alr_${uuidv5(JSON.stringify([rule, event.id]), namespace)}`,
      alert_key: alertKey,
      rule,
      severity,
      summary,
      status,
      event_id: event.id,
      event_type: event.type,
      started_at: Date.parse(event.time),
      labels,
      latitude,
      longitude,
      ended_at: null,
      notification: status === "resolved" ? "resolved" : "opened",
      sequence: 1,
      cause: "condition",
      annotations: {},
      members: [],
    },
  };
}
