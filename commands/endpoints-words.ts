import type { Attempt, AttemptRow, DeliveryRow, Endpoint, Replayed } from "../sinks/webhook/index.ts";

/** A receiver in one line, with what is unusual about it. */
export function describeEndpoint(endpoint: Endpoint): string {
  const { endpoint_id, name, url, state, disabled_reason, failing_since, old_secret_until } = endpoint;
  const why = disabled_reason === null ? "" : ` (${disabled_reason})`;
  const notes = [
    ...(name === "" ? [] : [name]),
    ...(endpoint.format === "cloudevents" ? [] : [`as ${endpoint.format}`]),
    ...wantsOf(endpoint),
    ...(endpoint.rate_per_second === null ? [] : [`${endpoint.rate_per_second}/s`]),
    ...(failing_since === null ? [] : [`failing since ${failing_since.toISOString()}`]),
    ...(old_secret_until === null ? [] : [`two secrets until ${old_secret_until.toISOString()}`]),
  ];
  return [endpoint_id, `${state}${why}`.padEnd(8), url, ...notes].join("  ");
}

function wantsOf({ least_severity, rules, labels }: Endpoint): string[] {
  return [
    ...(least_severity === "info" ? [] : [`${least_severity} and up`]),
    ...(rules.length === 0 ? [] : [`rule ${rules.join(" or ")}`]),
    ...Object.entries(labels).map(([label, values]) => `${label}=${values.join(" or ")}`),
  ];
}

/** The outcome of one attempt and the receiver's own words. */
export function describeAttempt(attempt: Attempt & { readonly messageId: string }): string {
  const { result, status, seconds, detail, messageId } = attempt;
  const answer = status === undefined ? result : `${result}, status ${status}`;
  return `${answer}, after ${(seconds * 1_000).toFixed(0)} ms (${messageId})${detail === "" ? "" : `\n${detail}`}`;
}

/** A delivery in one line: what became of it and why. */
export function describeDelivery(row: DeliveryRow): string {
  const attempts = `${row.attempts} attempt${row.attempts === 1 ? "" : "s"}`;
  const last =
    row.last_result === null ? "" : `, ${row.last_result}${row.last_status === null ? "" : ` ${row.last_status}`}`;
  const next = row.next_attempt_at === null ? "" : `, next ${row.next_attempt_at.toISOString()}`;
  return `${row.created_at.toISOString()}  ${row.state.padEnd(9)}  ${row.message_id}  ${row.endpoint_id}  ${attempts}${last}${next}`;
}

/** One attempt in one line, with the beginning of the answer. */
export function describeAttemptRow(row: AttemptRow): string {
  const { endpoint_id, attempt, started_at, seconds, result, status, detail } = row;
  const answer = result === null ? "no end was written" : `${result}${status === null ? "" : ` ${status}`}`;
  const took = seconds === null ? "" : ` after ${(seconds * 1_000).toFixed(0)} ms`;
  const words = (detail ?? "").slice(0, 200);
  return `${started_at.toISOString()}  ${endpoint_id}  #${attempt}  ${answer}${took}${words === "" ? "" : `  ${words}`}`;
}

/** What a replay did, and what it left out and why. */
export function describeReplayed({ replayed, overtaken, inactive }: Replayed, dryRun: boolean): string[] {
  const deliveries = (n: number) => `${n} ${n === 1 ? "delivery" : "deliveries"}`;
  return [
    `${deliveries(replayed)} ${dryRun ? "would be" : "will be"} sent again.`,
    ...(overtaken === 0
      ? []
      : [`${deliveries(overtaken)} left out: a later one of the same alert has arrived (--overtaken sends them too).`]),
    ...(inactive === 0 ? [] : [`${deliveries(inactive)} left out: the endpoint is disabled (endpoints enable).`]),
  ];
}
