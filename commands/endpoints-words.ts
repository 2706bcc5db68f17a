import type { Attempt, DeliveryRow, Endpoint } from "../sinks/webhook/index.ts";

/** A receiver in one line. */
export function describeEndpoint(endpoint: Endpoint): string {
  const { endpoint_id, name, url, state, disabled_reason } = endpoint;
  const why = disabled_reason === null ? "" : ` (${disabled_reason})`;
  return `${endpoint_id}  ${`${state}${why}`.padEnd(8)}  ${url}${name === "" ? "" : `  ${name}`}`;
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
