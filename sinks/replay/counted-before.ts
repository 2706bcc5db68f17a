import { headerText, type KafkaRecord } from "../../kafka/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { SinkBatch } from "../sink.ts";

const minuteMs = 60_000;

/**
 * The offsets of those records that the audit ledger has already: it names, for each table and minute of event time, the first and the last offset of what was read. A record that a
 * sink has never come to, as in a fresh database or where offsets were moved over it, lies in none. Of minutes from before there was a ledger it knows no offsets: all of them count as had.
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
  const rows = await db.query<{
    table: string;
    minute: Date;
    first: bigint | null;
    last: bigint | null;
    older: boolean;
  }>(
    `select event_table as table, minute, sum(stored) > sum(read) as older,
       min(first_offset) filter (where topic = $1 and partition = $2) as first, max(last_offset) filter (where topic = $1 and partition = $2) as last
     from audit.ledger join unnest($3::text[], $4::timestamptz[]) as wanted (event_table, minute) using (event_table, minute) group by 1, 2`,
    [
      ...[topic, partition],
      [...places.values()].map(({ table }) => table),
      [...places.values()].map(({ minute }) => new Date(minute)),
    ],
  );
  return new Set(
    rows.flatMap(({ table, minute, first, last, older }) =>
      (places.get(`${table} ${minute.getTime()}`)?.offsets ?? [])
        .filter((offset) => older || (first !== null && last !== null && offset >= first && offset <= last))
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
