import type { Queryable } from "../../store/index.ts";
import type { Notification, Page, Transition } from "./shapes.ts";

export type HistoryWanted = {
  readonly from: Date;
  readonly to: Date;
  readonly rule?: string | undefined;
  readonly notification?: Notification | undefined;
  readonly incident?: string | undefined;
  /** Where the page before ended. */
  readonly after?: string | undefined;
  readonly limit: number;
};

type Row = Omit<Transition, "at" | "started" | "ended" | "wanted" | "delivered"> & {
  readonly at: Date;
  readonly started: Date;
  readonly ended: Date | null;
};

/** What was told between two moments, the newest first, and to how many it has been delivered. @throws PipelineError store_… */
export async function readHistory(db: Queryable, wanted: HistoryWanted): Promise<Page<Transition>> {
  const { from, to, rule, notification, incident, after, limit } = wanted;
  const [afterAt, afterId] = placeOf(after);
  const rows = await db.query<Row>(
    `select event_id as id, alert_id as incident, rule, severity, notification, cause, sequence, occurred_at as at, started_at as started,
       ended_at as ended, summary, labels, data_event_id as "eventId", event_type as "eventType"
     from events.alert
     where occurred_at >= $1 and occurred_at < $2 and ($3::text is null or rule = $3) and ($4::text is null or notification = $4)
       and ($5::text is null or alert_id = $5) and ($6::timestamptz is null or (occurred_at, event_id) < ($6, $7))
     order by occurred_at desc, event_id desc limit $8`,
    [from, to, rule ?? null, notification ?? null, incident ?? null, afterAt, afterId, limit + 1],
  );
  const shown = rows.slice(0, limit);
  const counts = await deliveredOf(
    db,
    shown.map(({ id }) => id),
  );
  const last = shown.at(-1);
  return {
    rows: shown.map((row) => ({
      ...row,
      ...{ at: row.at.getTime(), started: row.started.getTime(), ended: row.ended?.getTime() ?? null },
      ...(counts.get(row.id) ?? { wanted: 0, delivered: 0 }),
    })),
    next: rows.length > limit && last !== undefined ? `${last.at.getTime()}_${last.id}` : null,
  };
}

/** By endpoint, as the index of deliveries goes. */
async function deliveredOf(db: Queryable, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, { wanted: number; delivered: number }>();
  const rows = await db.query<{ id: string; wanted: number; delivered: number }>(
    `select substr(d.message_id, 5) as id, count(*)::int as wanted, count(*) filter (where d.state = 'delivered')::int as delivered
     from webhook.endpoints e join webhook.deliveries d on d.endpoint_id = e.endpoint_id and d.message_id = any ($1) group by 1`,
    [ids.map((id) => `msg_${id}`)],
  );
  return new Map(rows.map(({ id, ...counts }) => [id, counts]));
}

function placeOf(after: string | undefined): readonly [Date | null, string | null] {
  const [, at, id] = /^(\d{1,15})_(.+)$/s.exec(after ?? "") ?? [];
  return at === undefined || id === undefined ? [null, null] : [new Date(Number(at)), id];
}
