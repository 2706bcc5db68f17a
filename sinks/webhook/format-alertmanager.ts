import { createHash } from "node:crypto";
import type { Alert, Member } from "./alert.ts";

/** What Alertmanager writes for the end of an alert that has none: the zero time of its language. */
const noEnd = "0001-01-01T00:00:00Z";

/**
 * The body of Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config): receivers that were
 * made for Alertmanager take it as it is. What is told together becomes a group with an alert for each member. A fingerprint is of
 * the alert's key (and of what tells a member from the others), so the resolved alert has the one of the firing alert also when other labels have changed.
 */
export function alertmanagerBody(alert: Alert, receiver: string) {
  const { key, rule, severity, status, labels } = alert;
  const named = { alertname: rule, severity };
  const common = { ...labelsOf(labels), ...named };
  const one = (member: Member, about: string) => ({
    status: member.status,
    labels: { ...labelsOf(labels), ...labelsOf(member.labels), ...named },
    annotations: { ...labelsOf(alert.annotations), summary: member.summary },
    startsAt: member.startedAt,
    endsAt: member.status === "resolved" ? (member.endedAt ?? String(alert.event.time)) : noEnd,
    generatorURL: "",
    fingerprint: createHash("sha256").update(about).digest("hex").slice(0, 16),
  });
  return {
    version: "4",
    groupKey: `{}:{alert_key=${JSON.stringify(key)}}`,
    truncatedAlerts: 0,
    status,
    receiver: receiver === "" ? "hailstream" : receiver,
    groupLabels: { alertname: rule },
    commonLabels: common,
    commonAnnotations: {
      ...labelsOf(alert.annotations),
      ...(alert.members.length === 0 ? { summary: alert.summary } : {}),
    },
    externalURL: "",
    alerts:
      alert.members.length === 0
        ? [one(alert, key)]
        : alert.members.map((member) => one(member, `${key} ${JSON.stringify(Object.entries(member.labels).sort())}`)),
  };
}

/** Prometheus' data model: names are letters, digits and underscores, and no digit in front. */
function labelsOf(labels: Alert["labels"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace(/\W/g, "_").replace(/^(?=\d)/, "_"), value]),
  );
}
