import { randomUUID } from "node:crypto";
import type { Database, Queryable } from "../../store/index.ts";
import type { AlertMessage } from "./alert-message.ts";
import type { Attempt, Message, Target } from "./post.ts";

/** A delivery that this process may send now, alone, until the lease ends. */
export type Taken = Target &
  Message & {
    readonly deliveryId: bigint;
    readonly endpointId: string;
    /** 1 for the first. */
    readonly attempt: number;
    readonly lease: string;
  };

/** Makes one delivery for each message and active endpoint. A message that an endpoint has already is left out. */
export function enqueue(tx: Queryable, messages: readonly AlertMessage[]): Promise<number> {
  return tx.execute(
    `insert into webhook.deliveries (endpoint_id, message_id, alert_key, body)
     select e.endpoint_id, m.id, m.key, m.body
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as m (id, key, body, place)
     cross join webhook.endpoints e
     where e.state = 'active'
     order by m.place
     on conflict (endpoint_id, message_id) do nothing`,
    [messages.map((m) => m.id), messages.map((m) => m.alertKey), messages.map((m) => m.body)],
  );
}

/** The active endpoints for which at least one delivery is due and not taken. */
export async function endpointsWithDue(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ endpoint_id: string }>(`
    select e.endpoint_id from webhook.endpoints e
    where e.state = 'active' and exists (
      select from webhook.deliveries d
      where d.endpoint_id = e.endpoint_id and d.state = 'pending' and d.next_attempt_at <= now() and d.lease_until <= now())`);
  return rows.map((row) => row.endpoint_id);
}

/**
 * Takes up to `limit` due deliveries of one endpoint, counts the attempt and writes it down before it is made. Takers at the same time get
 * different ones: rows are locked while they are taken and leased afterwards, by the database's clock. A delivery
 * waits for the earlier ones of its alert, so that a receiver hears of an alert in order.
 */
export async function take(db: Database, endpointId: string, limit: number, leaseMs: number): Promise<Taken[]> {
  const lease = randomUUID();
  const rows = await db.query<{
    delivery_id: bigint;
    endpoint_id: string;
    message_id: string;
    body: string;
    attempts: number;
    url: string;
    secrets: string[];
  }>(
    `with due as (
       select d.delivery_id from webhook.deliveries d
       where d.endpoint_id = $1 and d.state = 'pending' and d.next_attempt_at <= now() and d.lease_until <= now()
         and not exists (
           select from webhook.deliveries earlier
           where earlier.endpoint_id = $1 and earlier.state = 'pending' and earlier.alert_key = d.alert_key
             and earlier.delivery_id < d.delivery_id)
       order by d.next_attempt_at, d.delivery_id
       limit $2
       for update skip locked
     ), taken as (
       update webhook.deliveries d
       set attempts = d.attempts + 1, lease = $3, lease_until = now() + $4 * interval '1 ms'
       from due where d.delivery_id = due.delivery_id
       returning d.*
     ), written as (
       insert into webhook.attempts (delivery_id, attempt) select delivery_id, attempts from taken
     )
     select t.delivery_id, t.endpoint_id, t.message_id, t.body, t.attempts, e.url, e.secrets
     from taken t join webhook.endpoints e using (endpoint_id)
     where e.state = 'active'
     order by t.next_attempt_at, t.delivery_id`,
    [endpointId, limit, lease, leaseMs],
  );
  return rows.map((row) => ({
    deliveryId: row.delivery_id,
    endpointId: row.endpoint_id,
    id: row.message_id,
    body: row.body,
    attempt: row.attempts,
    lease,
    url: row.url,
    secrets: row.secrets,
  }));
}

/** What becomes of a delivery after an attempt: done, or tried again after `delayMs`, or given up. */
export type Decision =
  | { readonly state: "delivered" | "exhausted" }
  | { readonly state: "pending"; readonly delayMs: number };

/**
 * Writes down how an attempt ended and what follows. When the lease has been lost meanwhile, the later taker decides; only
 * `delivered` is a fact that counts all the same.
 */
export async function finish(db: Queryable, taken: Taken, attempt: Attempt, decision: Decision): Promise<void> {
  await db.execute(
    `with written as (
       update webhook.attempts set seconds = $5, result = $6, status = $7, detail = $8
       where delivery_id = $1 and attempt = $9
     ), disabled as (
       update webhook.endpoints set state = 'disabled', disabled_reason = 'the receiver answered 410 Gone', changed_at = now()
       where endpoint_id = $10 and state = 'active' and $6 = 'gone'
     )
     update webhook.deliveries
     set state = $3, lease = null, lease_until = '-infinity',
         next_attempt_at = case when $3 = 'pending' then now() + $4 * interval '1 ms' else next_attempt_at end,
         finished_at = case when $3 = 'pending' then null else now() end
     where delivery_id = $1 and state = 'pending' and (lease = $2 or $3 = 'delivered')`,
    [
      taken.deliveryId,
      taken.lease,
      decision.state,
      decision.state === "pending" ? decision.delayMs : 0,
      attempt.seconds,
      attempt.result,
      attempt.status ?? null,
      attempt.detail,
      taken.attempt,
      taken.endpointId,
    ],
  );
}

/** How many deliveries still have an attempt before them. */
export async function countPending(db: Queryable): Promise<number> {
  const [row] = await db.query<{ n: bigint }>("select count(*) as n from webhook.deliveries where state = 'pending'");
  return Number(row?.n ?? 0);
}

/** One delivery as lists show it, with its last attempt. */
export type DeliveryRow = {
  readonly delivery_id: bigint;
  readonly endpoint_id: string;
  readonly message_id: string;
  readonly state: "pending" | "delivered" | "exhausted";
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly last_result: string | null;
  readonly last_status: number | null;
  readonly last_detail: string | null;
};

/** The newest deliveries first. */
export function listDeliveries(
  db: Queryable,
  filter: { readonly endpointId?: string | undefined; readonly state?: string | undefined; readonly limit?: number },
): Promise<DeliveryRow[]> {
  return db.query(
    `select d.delivery_id, d.endpoint_id, d.message_id, d.state, d.attempts, d.created_at, d.finished_at,
            case when d.state = 'pending' then d.next_attempt_at end as next_attempt_at,
            a.result as last_result, a.status as last_status, a.detail as last_detail
     from webhook.deliveries d
     left join webhook.attempts a on a.delivery_id = d.delivery_id and a.attempt = d.attempts
     where ($1::text is null or d.endpoint_id = $1) and ($2::text is null or d.state = $2)
     order by d.delivery_id desc limit $3`,
    [filter.endpointId ?? null, filter.state ?? null, filter.limit ?? 100],
  );
}
