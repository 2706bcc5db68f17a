import type { Queryable } from "../../store/index.ts";
import type { Alert } from "./alert.ts";
import { isWanted, type Wants } from "./endpoint-wants.ts";
import { bodyOf, type Format } from "./formats.ts";

/** An endpoint as far as deliveries are made for it. */
export type Recipient = Wants & {
  readonly endpoint_id: string;
  readonly name: string;
  readonly state: "active" | "disabled";
  readonly format: Format;
};

/** What is due is sent in this order. */
export const priorities = { critical: 0, other: 1, replayed: 2 } as const;

/** All endpoints that are not deleted. */
export function recipients(tx: Queryable): Promise<Recipient[]> {
  return tx.query(
    `select endpoint_id, name, state, format, least_severity, rules, labels
     from webhook.endpoints where state <> 'deleted' order by created_at, endpoint_id`,
  );
}

/**
 * Makes one delivery for each alert and endpoint that wants it. For one that is disabled it is exhausted from the start: kept, to be replayed.
 * A message that an endpoint has already is left out. Gives the endpoints that have something to be sent now.
 * @param among who may get them; all endpoints by default
 */
export async function enqueue(
  tx: Queryable,
  alerts: readonly Alert[],
  among?: readonly Recipient[],
): Promise<ReadonlySet<string>> {
  const all = among ?? (await recipients(tx));
  // Each body goes to the database once, however many endpoints get it.
  const messages: { readonly alert: Alert; readonly format: Format; readonly body: string }[] = [];
  const copies: { readonly message: number; readonly recipient: Recipient }[] = [];
  for (const alert of alerts) {
    const places = new Map<string, number>();
    for (const recipient of all) {
      if (!isWanted(alert, recipient)) continue;
      const { format, name } = recipient;
      const form = format === "alertmanager" ? `${format} ${name}` : format;
      const message = places.get(form) ?? messages.push({ alert, format, body: bodyOf(alert, format, name) }) - 1;
      places.set(form, message);
      copies.push({ message, recipient });
    }
  }
  if (copies.length === 0) return new Set();
  await tx.execute(
    `insert into webhook.deliveries (endpoint_id, message_id, alert_key, format, body, priority, state, finished_at)
     select c.endpoint, m.id, m.key, m.format, m.body, m.priority, c.state, case when c.state <> 'pending' then now() end
     from unnest($1::text[], $2::text[], $3::integer[]) with ordinality as c (endpoint, state, message, place)
     join unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[])
       with ordinality as m (id, key, format, body, priority, place) on m.place = c.message + 1
     order by c.place
     on conflict (endpoint_id, message_id) do nothing`,
    [
      copies.map(({ recipient }) => recipient.endpoint_id),
      copies.map(({ recipient }) => (recipient.state === "active" ? "pending" : "exhausted")),
      copies.map(({ message }) => message),
      messages.map(({ alert }) => alert.messageId),
      messages.map(({ alert }) => alert.key),
      messages.map(({ format }) => format),
      messages.map(({ body }) => body),
      messages.map(({ alert }) => (alert.severity === "critical" ? priorities.critical : priorities.other)),
    ],
  );
  return new Set(copies.flatMap(({ recipient: { endpoint_id, state } }) => (state === "active" ? [endpoint_id] : [])));
}
