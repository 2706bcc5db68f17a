import type { Alert } from "./alert.ts";
import { alertmanagerBody } from "./format-alertmanager.ts";
import { slackBody } from "./format-slack.ts";

/** In which form an endpoint gets its alerts. */
export const formats = ["cloudevents", "alertmanager", "slack"] as const;
export type Format = (typeof formats)[number];

/** The body of an alert for an endpoint; its bytes are fixed by this once, for all attempts. */
export function bodyOf(alert: Alert, format: Format, receiver: string): string {
  if (format === "alertmanager") return JSON.stringify(alertmanagerBody(alert, receiver));
  return JSON.stringify(format === "slack" ? slackBody(alert) : alert.event);
}

/** The header content-type that goes with a format. */
export function contentTypeOf(format: Format): string {
  return format === "cloudevents" ? "application/cloudevents+json; charset=utf-8" : "application/json; charset=utf-8";
}
