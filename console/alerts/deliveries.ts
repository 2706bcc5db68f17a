import { type Queryable, readActions } from "../../store/index.ts";
import type { Attempt, Delivery, DeliveryState, DeliveryWhole, EndpointLine, Page } from "./shapes.ts";

export type DeliveriesWanted = {
  readonly state?: DeliveryState | undefined;
  readonly endpoint?: string | undefined;
  /** A webhook-id. */
  readonly message?: string | undefined;
  /** Where the page before ended. */
  readonly after?: string | undefined;
  readonly limit: number;
};

type Row = Omit<Delivery, "id" | "made" | "nextTry" | "finished"> & {
  readonly id: bigint;
  readonly made: Date;
  readonly nextTry: Date | null;
  readonly finished: Date | null;
  readonly url: string;
  readonly summary: string | null;
};

/** A delivery with its endpoint, its last attempt, and its alert, which is looked for in the days around it. */
const select = `
  select d.delivery_id as id, d.message_id as "messageId", d.state, d.endpoint_id as "endpointId",
    coalesce(nullif(e.name, ''), d.endpoint_id) as endpoint, e.state as "endpointState", e.url, d.created_at as made, d.attempts,
    t.result as "lastResult", t.status as "lastStatus", case when d.state = 'pending' then d.next_attempt_at end as "nextTry",
    d.finished_at as finished, a.rule, a.notification, a.summary
  from webhook.deliveries d join webhook.endpoints e using (endpoint_id)
  left join webhook.attempts t on t.delivery_id = d.delivery_id and t.attempt = d.attempts
  left join lateral (
    select rule, notification, summary from events.alert
    where event_id = substr(d.message_id, 5) and occurred_at between d.created_at - interval '7 days' and d.created_at + interval '1 day' limit 1
  ) a on true`;

/** The newest first. @throws PipelineError store_… */
export async function readDeliveries(db: Queryable, wanted: DeliveriesWanted): Promise<Page<Delivery>> {
  const { state, endpoint, message, after, limit } = wanted;
  const rows = await db.query<Row>(
    `${select} where ($1::text is null or d.state = $1) and ($2::text is null or d.endpoint_id = $2)
       and ($3::text is null or d.message_id = $3) and ($4::bigint is null or d.delivery_id < $4)
     order by d.delivery_id desc limit $5`,
    [state ?? null, endpoint ?? null, message ?? null, after ?? null, limit + 1],
  );
  const shown = rows.slice(0, limit);
  return {
    rows: shown.map((row) => {
      const { url: _, summary: __, ...delivery } = deliveryOf(row);
      return delivery;
    }),
    next: rows.length > limit ? String(shown.at(-1)?.id) : null,
  };
}

/** One with every attempt, and who sent it again; undefined: there is none. @throws PipelineError store_… */
export async function readDelivery(db: Queryable, id: string): Promise<DeliveryWhole | undefined> {
  const [row] = await db.query<Row>(`${select} where d.delivery_id = $1`, [id]);
  if (row === undefined) return undefined;
  const attempts = await db.query<Omit<Attempt, "at"> & { readonly at: Date }>(
    "select attempt, started_at as at, seconds, result, status, detail from webhook.attempts where delivery_id = $1 order by attempt",
    [id],
  );
  const tries = attempts.map((each) => ({ ...each, at: each.at.getTime() }));
  const done = await readActions(db, { subject: row.messageId, limit: 20 });
  return { ...deliveryOf(row), tries, done: done.map((each) => ({ ...each, at: each.at.getTime() })) };
}

function deliveryOf(row: Row) {
  return {
    ...row,
    id: String(row.id),
    made: row.made.getTime(),
    nextTry: row.nextTry?.getTime() ?? null,
    finished: row.finished?.getTime() ?? null,
  };
}

/** All receivers with what waits for them. Secrets are never read. @throws PipelineError store_… */
export async function readEndpoints(db: Queryable): Promise<readonly EndpointLine[]> {
  const rows = await db.query<Omit<EndpointLine, "failingSince"> & { readonly failingSince: Date | null }>(
    `select e.endpoint_id as id, e.name, e.url, e.format, e.state, e.disabled_reason as "disabledReason", e.failing_since as "failingSince",
       count(d.*) filter (where d.state = 'pending')::int as pending, count(d.*) filter (where d.state = 'exhausted')::int as exhausted
     from webhook.endpoints e left join webhook.deliveries d on d.endpoint_id = e.endpoint_id and d.state <> 'delivered'
     where e.state <> 'deleted' group by e.endpoint_id order by e.created_at, e.endpoint_id`,
  );
  return rows.map((row) => ({ ...row, failingSince: row.failingSince?.getTime() ?? null }));
}
