import type { Queryable } from "../../store/index.ts";
import { priorities } from "./enqueue.ts";

/** Which deliveries are meant; what is left out does not matter. */
export type ReplayFilter = {
  readonly endpointId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly alertKey?: string | undefined;
  readonly state: "exhausted" | "delivered";
  /** By when the delivery was made, which is when its alert was read. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Also those after which a later one of the same alert was delivered. */
  readonly overtaken: boolean;
};

/** How many deliveries are sent again, and how many of those that are meant are not, and why. */
export type Replayed = {
  readonly replayed: number;
  /** Left out: a later delivery of the same alert has arrived, and the receiver would take old news for new. */
  readonly overtaken: number;
  /** Left out: their endpoint is not active. */
  readonly inactive: number;
};

/**
 * Makes deliveries due again, under their old webhook-id and with the whole schedule before them; new alerts go first.
 * @param dryRun changes nothing and tells what would be done
 */
export async function replayDeliveries(db: Queryable, filter: ReplayFilter, dryRun: boolean): Promise<Replayed> {
  const [row] = await db.query<Replayed>(
    `with meant as (
       select d.delivery_id, d.endpoint_id, d.alert_key, e.state = 'active' as active
       from webhook.deliveries d join webhook.endpoints e using (endpoint_id)
       where d.state = $1 and e.state <> 'deleted'
         and ($2::text is null or d.endpoint_id = $2) and ($3::text is null or d.message_id = $3)
         and ($4::text is null or d.alert_key = $4)
         and ($5::timestamptz is null or d.created_at >= $5) and ($6::timestamptz is null or d.created_at < $6)
     ), newest as (
       select endpoint_id, alert_key, max(delivery_id) as last_id
       from webhook.deliveries where state = 'delivered' group by endpoint_id, alert_key
     ), sorted as (
       select m.delivery_id, m.active, not $7 and coalesce(m.delivery_id < n.last_id, false) as overtaken
       from meant m left join newest n using (endpoint_id, alert_key)
     ), replayed as (
       update webhook.deliveries d
       set state = 'pending', attempts_before = attempts, next_attempt_at = now(), finished_at = null, priority = ${priorities.replayed}
       from sorted s where s.delivery_id = d.delivery_id and s.active and not s.overtaken and not $8
     )
     select count(*) filter (where active and not overtaken)::int as replayed,
            count(*) filter (where active and overtaken)::int as overtaken,
            count(*) filter (where not active)::int as inactive
     from sorted`,
    [
      filter.state,
      filter.endpointId ?? null,
      filter.messageId ?? null,
      filter.alertKey ?? null,
      filter.since ?? null,
      filter.until ?? null,
      filter.overtaken,
      dryRun,
    ],
  );
  return row ?? { replayed: 0, overtaken: 0, inactive: 0 };
}
