import { type Alert, type Severity, severities } from "./alert.ts";

/** Which alerts an endpoint wants; without a word on rules or labels, all. */
export type Wants = {
  readonly least_severity: Severity;
  readonly rules: readonly string[];
  /** For each name one of its values must be there. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
};

/** Whether an alert goes to an endpoint. */
export function isWanted(alert: Pick<Alert, "severity" | "rule" | "labels">, wants: Wants): boolean {
  return (
    severities.indexOf(alert.severity) >= severities.indexOf(wants.least_severity) &&
    (wants.rules.length === 0 || wants.rules.includes(alert.rule)) &&
    Object.entries(wants.labels).every(([name, values]) => values.includes(alert.labels[name] ?? ""))
  );
}
