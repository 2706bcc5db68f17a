import { createHash } from "node:crypto";
import type { Alert } from "./alert.ts";

/** What Alertmanager writes for the end of an alert that has none: the zero time of its language. */
const noEnd = "0001-01-01T00:00:00Z";

/**
 * The body of Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config), with one alert in
 * it: receivers that were made for Alertmanager take it as it is. The fingerprint is of the alert's key, so the resolved alert has the
 * one of the firing alert also when labels have changed meanwhile.
 */
export function alertmanagerBody(alert: Alert, receiver: string) {
  const { key, rule, severity, status, summary, startedAt } = alert;
  const labels = { ...labelsOf(alert.labels), alertname: rule, severity };
  const annotations = { summary };
  const endsAt = status === "resolved" ? (alert.endedAt ?? String(alert.event.time)) : noEnd;
  return {
    version: "4",
    groupKey: `{}:{alert_key=${JSON.stringify(key)}}`,
    truncatedAlerts: 0,
    status,
    receiver: receiver === "" ? "hailstream" : receiver,
    groupLabels: { alertname: rule },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: "",
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: startedAt,
        endsAt,
        generatorURL: "",
        fingerprint: createHash("sha256").update(key).digest("hex").slice(0, 16),
      },
    ],
  };
}

/** Prometheus' data model: names are letters, digits and underscores, and no digit in front. */
function labelsOf(labels: Alert["labels"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace(/\W/g, "_").replace(/^(?=\d)/, "_"), value]),
  );
}
