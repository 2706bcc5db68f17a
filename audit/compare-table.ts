import type { Queryable } from "../store/index.ts";

/** A table of events, the event type that it is of, and the way of its events there. */
export type AuditedTable = {
  readonly type: string;
  readonly tableName: string;
  /** The field of the data that is the record key. */
  readonly keyField: string;
  /** The topic that the events are written to first. */
  readonly source: string;
  /** The topic that the sink reads: `source`, or that of the enriched events. */
  readonly topic: string;
  /** The consumer group of the processor between the two. */
  readonly enrichedBy?: string;
};

/** A minute of event time that is not proven by counts and fingerprints alone. */
export type Suspect = {
  /** Milliseconds since 1970. */
  readonly minute: number;
  /** What the table has, what the ledger says was stored, and what it says was read from Kafka, repetitions included. */
  readonly rows: number;
  readonly stored: number;
  readonly read: number;
  /** The table is not as the ledger says; otherwise more or less was read than stored, which repetitions explain. */
  readonly differs: boolean;
  /** Changes with every count and fingerprint. */
  readonly signature: string;
};

/** From, up to but without, in milliseconds since 1970, whole minutes; absent: no bound. */
export type Span = { readonly from?: number | undefined; readonly to?: number | undefined };

/** The bounds of a span as SQL takes them. */
export const boundsOf = ({ from, to }: Span): readonly [from: Date | string, to: Date | string] => [
  from === undefined ? "-infinity" : new Date(from),
  to === undefined ? "infinity" : new Date(to),
];

type Row = {
  readonly checked: bigint;
  readonly minute: Date | null;
  readonly rows: bigint;
  readonly stored: bigint;
  readonly read: bigint;
  readonly differs: boolean;
  readonly signature: string;
};

/** One statement, so one snapshot: rows and ledger are written by the same transactions, and nothing is ever on its way between them. */
const compareSql = (table: string) => `
  with bounds as (
    select greatest($1::timestamptz, coalesce((select since from audit.baselines where event_table = $3), '-infinity')) as since, $2::timestamptz as until
  ), actual as (
    select date_bin('1 minute', occurred_at, 'epoch') as minute, count(*) as n, sum(audit.fingerprint(event_id)) as print
    from events."${table.replaceAll('"', '""')}", bounds where occurred_at >= since and occurred_at < until group by 1
  ), ledger as (
    select minute, sum(read)::bigint as read, sum(read_print) as read_print, sum(stored)::bigint as n, sum(stored_print) as print
    from audit.ledger, bounds where event_table = $3 and minute >= since and minute < until group by 1
  ), compared as (
    select coalesce(a.minute, l.minute) as minute, coalesce(a.n, 0) as rows, coalesce(l.n, 0) as stored, coalesce(l.read, 0) as read,
      (coalesce(a.n, 0), coalesce(a.print, 0)) is distinct from (coalesce(l.n, 0), coalesce(l.print, 0)) as differs,
      concat_ws('/', a.n, a.print, l.n, l.print, l.read, l.read_print) as signature,
      (coalesce(l.n, 0), coalesce(l.print, 0)) is distinct from (coalesce(l.read, 0), coalesce(l.read_print, 0)) as repeated
    from actual a full join ledger l on a.minute = l.minute
  )
  select t.checked, c.* from (select coalesce(sum(greatest(rows, stored)), 0)::bigint as checked from compared) as t
  left join lateral (select minute, rows, stored, read, differs, signature from compared where differs or repeated) as c on true`;

/**
 * Which minutes of a table are not as the ledger says, and how many events were compared. A minute in which events were read repeatedly, or not
 * stored, is among them too. @throws PipelineError store_…
 */
export async function compareTable(
  db: Queryable,
  { tableName }: AuditedTable,
  span: Span,
): Promise<{ readonly checked: number; readonly suspects: readonly Suspect[] }> {
  const rows = await db.query<Row>(compareSql(tableName), [...boundsOf(span), tableName]);
  return {
    checked: Number(rows[0]?.checked ?? 0),
    suspects: rows.flatMap(({ minute, rows: found, stored, read, differs, signature }) =>
      minute === null
        ? []
        : [
            {
              minute: minute.getTime(),
              rows: Number(found),
              stored: Number(stored),
              read: Number(read),
              differs,
              signature,
            },
          ],
    ),
  };
}
