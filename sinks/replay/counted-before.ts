import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { SinkBatch } from "../sink.ts";

const minuteMs = 60_000;

/**
 * The offsets of those records that the audit ledger has as read already: it names, for each table and minute of event time, the offsets that lie between the first and the last of
 * them. A record that a sink has never come to, as in a fresh database or where offsets were moved over it, lies in none.
 * @param tables by event type
 */
export async function countedBefore(
  db: Queryable,
  tables: ReadonlyMap<string, string>,
  { topic, partition, records }: SinkBatch,
): Promise<ReadonlySet<string>> {
  const places = new Map<string, { readonly table: string; readonly minute: number; readonly offsets: bigint[] }>();
  for (const record of records) {
    const place = placeOf(record, tables);
    if (place === undefined) continue;
    const known = places.get(`${place.table} ${place.minute}`) ?? { ...place, offsets: [] };
    places.set(`${place.table} ${place.minute}`, known);
    known.offsets.push(BigInt(record.offset));
  }
  const rows = await db.query<{ table: string; minute: Date; first: bigint; last: bigint }>(
    `select event_table as table, minute, min(first_offset) as first, max(last_offset) as last from audit.ledger
     join unnest($3::text[], $4::timestamptz[]) as wanted (event_table, minute) using (event_table, minute)
     where topic = $1 and partition = $2 group by 1, 2`,
    [
      ...[topic, partition],
      [...places.values()].map(({ table }) => table),
      [...places.values()].map(({ minute }) => new Date(minute)),
    ],
  );
  return new Set(
    rows.flatMap(({ table, minute, first, last }) =>
      (places.get(`${table} ${minute.getTime()}`)?.offsets ?? [])
        .filter((offset) => offset >= first && offset <= last)
        .map(String),
    ),
  );
}

/** Where the ledger counts the event of a record; undefined: nowhere. */
function placeOf({ headers: encoded }: KafkaRecord, tables: ReadonlyMap<string, string>) {
  const headers = { headers: encoded };
  const table = tables.get(headerText(headers, "ce_type") ?? "");
  const time = Date.parse(headerText(headers, "ce_time") ?? "");
  if (table === undefined || Number.isNaN(time)) return undefined;
  return { table, minute: Math.floor(time / minuteMs) * minuteMs };
}
