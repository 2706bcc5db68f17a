import { randomUUID } from "node:crypto";
import type { Database, Queryable } from "../../store/index.ts";
import { validSecrets } from "./endpoints.ts";
import type { Attempt, Message, Target } from "./post.ts";

/** A delivery that this process may send now, alone, until the lease ends. */
export type Taken = Target &
  Message & {
    readonly deliveryId: bigint;
    readonly endpointId: string;
    /** 1 for the first. */
    readonly attempt: number;
    /** Attempts of the schedule until now, this one included; it begins anew when a delivery is replayed. */
    readonly scheduled: number;
    readonly lease: string;
    /** Whether attempts to this endpoint have failed since the last success. */
    readonly failing: boolean;
    /** Of the endpoint, where it has one of its own. */
    readonly ratePerSecond: number | null;
  };

/** An endpoint that has something to be sent. */
export type DueEndpoint = { readonly id: string; readonly ratePerSecond: number | null };

/** Endpoints that may be sent to, as a condition of SQL on a row `e` of webhook.endpoints. */
const open = "e.state = 'active' and e.held_until <= now()";
/** Deliveries that may be sent, as a condition on a row `d`. */
const due = "d.state = 'pending' and d.next_attempt_at <= now() and d.lease_until <= now()";

// The planner knows little of a table whose rows come and go, so it is left no choice: subqueries that are scalar are looked up row by
// row, in the order of an index, where it would else join all that is pending with itself.

/**
 * The commit does not wait for the disk. What a crash of the server then takes back (the last half second of it, as a whole) is made again: a delivery is sent
 * once more under the same webhook-id, as it is when this process dies before it could write an end down.
 */
const mode = "mode as materialized (select set_config('synchronous_commit', 'off', true))";

/** The endpoints that may be sent to and for which at least one delivery is due and not taken. */
export async function endpointsWithDue(db: Queryable): Promise<DueEndpoint[]> {
  const rows = await db.query<{ endpoint_id: string; rate_per_second: number | null }>(`
    select e.endpoint_id, e.rate_per_second from webhook.endpoints e
    where ${open} and (
      select true from webhook.deliveries d where d.endpoint_id = e.endpoint_id and d.priority in (0, 1, 2) and ${due} limit 1)`);
  return rows.map((row) => ({ id: row.endpoint_id, ratePerSecond: row.rate_per_second }));
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
    format: Taken["format"];
    body: string;
    attempts: number;
    scheduled: number;
    url: string;
    secrets: string[];
    failing: boolean;
    rate_per_second: number | null;
  }>(
    `with ${mode}, open_endpoint as materialized (
       select e.endpoint_id, e.url, ${validSecrets} as secrets, e.failing_since is not null as failing, e.rate_per_second
       from webhook.endpoints e, mode where e.endpoint_id = $1 and ${open}
     ), due as (
       select d.delivery_id from webhook.deliveries d
       where d.endpoint_id = $1 and exists (select from open_endpoint) and ${due}
         and d.delivery_id = (
           select min(first.delivery_id) from webhook.deliveries first
           where first.state = 'pending' and first.endpoint_id || ' ' || first.alert_key = d.endpoint_id || ' ' || d.alert_key)
       order by d.priority, d.next_attempt_at, d.delivery_id
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
     select t.delivery_id, t.endpoint_id, t.message_id, t.format, t.body, t.attempts, t.attempts - t.attempts_before as scheduled,
            e.url, e.secrets, e.failing, e.rate_per_second
     from taken t join open_endpoint e using (endpoint_id)
     order by t.priority, t.next_attempt_at, t.delivery_id`,
    [endpointId, limit, lease, leaseMs],
  );
  return rows.map((row) => ({
    deliveryId: row.delivery_id,
    endpointId: row.endpoint_id,
    id: row.message_id,
    format: row.format,
    body: row.body,
    attempt: row.attempts,
    scheduled: row.scheduled,
    lease,
    url: row.url,
    secrets: row.secrets,
    failing: row.failing,
    ratePerSecond: row.rate_per_second,
  }));
}

/** What becomes of a delivery after an attempt: done, or tried again after `delayMs`, or given up. */
export type Decision =
  | { readonly state: "delivered" | "exhausted" }
  | { readonly state: "pending"; readonly delayMs: number };

/** An attempt that ended, and what follows from it. */
export type Ended = { readonly taken: Taken; readonly attempt: Attempt; readonly decision: Decision };

/**
 * Writes down how attempts, each of another delivery, ended. When the lease has been lost meanwhile, or the delivery was given up, others have
 * decided; only `delivered` is a fact that counts all the same. Gives the deliveries whose end another one of the same alert waited for.
 */
export async function finish(db: Queryable, ended: readonly Ended[]): Promise<ReadonlySet<bigint>> {
  const rows = await db.query<{ delivery_id: bigint }>(
    `with ${mode}, given as materialized (
       select g.* from mode, unnest($1::bigint[], $2::int[], $3::uuid[], $4::text[], $5::float8[], $6::float8[], $7::text[], $8::int[], $9::text[])
         as g (delivery_id, attempt, lease, state, delay_ms, seconds, result, status, detail)
     ), written as (
       update webhook.attempts a set seconds = g.seconds, result = g.result, status = g.status, detail = g.detail
       from given g where a.delivery_id = g.delivery_id and a.attempt = g.attempt
     ), finished as (
       update webhook.deliveries d
       set state = g.state, lease = null, lease_until = '-infinity',
           next_attempt_at = case when g.state = 'pending' then now() + g.delay_ms * interval '1 ms' else d.next_attempt_at end,
           finished_at = case when g.state = 'pending' then null else now() end
       from given g
       where d.delivery_id = g.delivery_id
         and (d.state = 'pending' and d.lease = g.lease or g.state = 'delivered' and d.state <> 'delivered')
       returning d.endpoint_id, d.alert_key, d.delivery_id, g.state
     )
     select f.delivery_id from finished f where f.state <> 'pending' and (
       select min(next.delivery_id) from webhook.deliveries next
       where next.state = 'pending' and next.endpoint_id || ' ' || next.alert_key = f.endpoint_id || ' ' || f.alert_key
         and next.delivery_id > f.delivery_id) is not null`,
    [
      ended.map(({ taken }) => taken.deliveryId),
      ended.map(({ taken }) => taken.attempt),
      ended.map(({ taken }) => taken.lease),
      ended.map(({ decision }) => decision.state),
      ended.map(({ decision }) => (decision.state === "pending" ? decision.delayMs : 0)),
      ended.map(({ attempt }) => attempt.seconds),
      ended.map(({ attempt }) => attempt.result),
      ended.map(({ attempt }) => attempt.status ?? null),
      ended.map(({ attempt }) => attempt.detail),
    ],
  );
  return new Set(rows.map((row) => row.delivery_id));
}

export const deliveryStates = ["pending", "delivered", "exhausted"] as const;

/** One delivery as lists show it, with its last attempt. */
export type DeliveryRow = {
  readonly delivery_id: bigint;
  readonly endpoint_id: string;
  readonly message_id: string;
  readonly state: (typeof deliveryStates)[number];
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

/** One POST as lists show it; without a result, nobody could write one. */
export type AttemptRow = {
  readonly endpoint_id: string;
  readonly attempt: number;
  readonly started_at: Date;
  readonly seconds: number | null;
  readonly result: string | null;
  readonly status: number | null;
  readonly detail: string | null;
};

/** Every attempt to deliver a message, to whichever endpoint. */
export function listAttempts(db: Queryable, messageId: string): Promise<AttemptRow[]> {
  return db.query(
    `select d.endpoint_id, a.attempt, a.started_at, a.seconds, a.result, a.status, a.detail
     from webhook.deliveries d join webhook.attempts a using (delivery_id)
     where d.message_id = $1 order by d.delivery_id, a.attempt`,
    [messageId],
  );
}
