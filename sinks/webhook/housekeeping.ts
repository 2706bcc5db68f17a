import type { Queryable } from "../../store/index.ts";

/** So many rows go at once, so that nobody waits for long. */
const deletedAtOnce = 5_000;

/** How many deliveries still have an attempt before them. */
export async function countPending(db: Queryable): Promise<number> {
  const [row] = await db.query<{ n: bigint }>("select count(*) as n from webhook.deliveries where state = 'pending'");
  return Number(row?.n ?? 0);
}

/** Active endpoints, those that fail among them, and disabled ones. */
export async function countEndpoints(db: Queryable): Promise<Readonly<Record<string, number>>> {
  const rows = await db.query<{ state: string; n: number }>(
    `select case when state = 'active' and failing_since is not null then 'failing' else state end as state, count(*)::int as n
     from webhook.endpoints where state <> 'deleted' group by 1`,
  );
  return { active: 0, failing: 0, disabled: 0, ...Object.fromEntries(rows.map(({ state, n }) => [state, n])) };
}

/**
 * Gives up deliveries that were made in the moment in which their endpoint was disabled or deleted, and forgets secrets that are not
 * valid any more.
 */
export async function tidy(db: Queryable): Promise<void> {
  await db.execute(
    `update webhook.deliveries d set state = 'exhausted', finished_at = now()
     from webhook.endpoints e
     where e.endpoint_id = d.endpoint_id and e.state <> 'active' and d.state = 'pending'`,
  );
  await db.execute(
    `update webhook.endpoints set secrets = secrets[1:1]
     where state <> 'deleted' and cardinality(secrets) > 1 and old_secrets_until <= now()`,
  );
}

/** Deletes what was finished more than so many days ago, with its attempts; a part of it. Gives the number of deliveries. */
export function deleteOld(db: Queryable, keepDays: number): Promise<number> {
  return db.execute(
    `with old as (
       select delivery_id from webhook.deliveries
       where state <> 'pending' and finished_at < now() - $1 * interval '1 day'
       limit ${deletedAtOnce}
     ), attempts as (
       delete from webhook.attempts a using old where a.delivery_id = old.delivery_id
     )
     delete from webhook.deliveries d using old where d.delivery_id = old.delivery_id`,
    [keepDays],
  );
}
