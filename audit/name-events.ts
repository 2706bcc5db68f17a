import {
  headerText,
  type KafkaConnection,
  type KafkaRecord,
  type OffsetRange,
  readOffsets,
  topicEnds,
} from "../kafka/index.ts";
import type { Logger } from "../runtime/index.ts";
import type { Database } from "../store/index.ts";
import type { AuditedTable, Suspect } from "./compare-table.ts";

/** Where events are compared. */
export type Station = "kafka" | "stream" | "postgres";

/** An event that is not where it should be, or is where it should not. */
export type NamedEvent = { readonly id: string; readonly type: string; readonly where: Station };

/** A minute that is wrong, of which Kafka no longer has all events, so that nobody can name them. */
export type Unnamed = {
  readonly type: string;
  readonly where: "postgres";
  readonly minute: string;
  readonly rows: number;
  readonly stored: number;
};

export type Named = {
  readonly missing: readonly NamedEvent[];
  readonly extra: readonly NamedEvent[];
  readonly unnamed: readonly Unnamed[];
};

export type NameParts = {
  readonly db: Database;
  readonly connection: KafkaConnection;
  readonly log: Logger;
};

const minuteMs = 60_000;

/**
 * Compares suspicious minutes id by id: what Kafka has at the offsets that the ledger says were read, against the rows. Exact whatever happens meanwhile: rows
 * are read before Kafka to find what is too much, and after it to find what is missing; a dead letter is not missing.
 */
export async function nameEvents(
  parts: NameParts,
  table: AuditedTable,
  suspects: readonly Suspect[],
): Promise<ReadonlyMap<number, Named>> {
  const { db } = parts;
  const minutes = new Set(suspects.map(({ minute }) => minute));
  const before = await readRows(db, table, minutes);
  const carried = await readKafka(parts, table, minutes);
  const after = await readRows(db, table, minutes);
  const there = new Set(after.map(({ id }) => id));
  const absent = [...carried.ids].filter(
    ([id, minute]) => minute !== undefined && minutes.has(minute) && !there.has(id),
  );
  const nowhere = await nowhereOf(
    db,
    table,
    minutes,
    absent.map(([id]) => id),
  );
  const lost = absent.filter(([id]) => nowhere.has(id));
  const surplus = carried.complete
    ? surplusOf(before, carried.ids, new Set(suspects.filter(({ differs }) => differs).map(({ minute }) => minute)))
    : [];
  const named = (id: string): NamedEvent => ({ id, type: table.type, where: "postgres" });
  return new Map(
    suspects.map(({ minute, differs, rows, stored }) => {
      const missing = lost.filter(([, of]) => of === minute).map(([id]) => named(id));
      const extra = surplus.filter((row) => row.minute === minute).map(({ id }) => named(id));
      const isUnnamed = differs && !carried.complete && missing.length + extra.length === 0;
      const told = {
        type: table.type,
        where: "postgres" as const,
        minute: new Date(minute).toISOString(),
        rows,
        stored,
      };
      return [minute, { missing, extra, unnamed: isUnnamed ? [told] : [] }];
    }),
  );
}

type StoredRow = { readonly id: string; readonly minute: number };

/** Rows that no event of their minute stands behind, and of those that stand for one event all but the first. */
function surplusOf(
  rows: readonly StoredRow[],
  ids: ReadonlyMap<string, number | undefined>,
  minutes: ReadonlySet<number>,
): readonly StoredRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    if (!minutes.has(row.minute)) return false;
    const isKnown = ids.has(row.id) && (ids.get(row.id) ?? row.minute) === row.minute;
    const isFirst = !seen.has(row.id);
    if (isKnown) seen.add(row.id);
    return !isKnown || !isFirst;
  });
}

export async function readRows(
  db: Database,
  { tableName }: AuditedTable,
  minutes: ReadonlySet<number>,
): Promise<StoredRow[]> {
  const [from, to] = [Math.min(...minutes), Math.max(...minutes) + minuteMs];
  const rows = await db.query<{ id: string; minute: Date }>(
    `select event_id as id, date_bin('1 minute', occurred_at, 'epoch') as minute from events."${tableName.replaceAll('"', '""')}"
     where occurred_at >= $1 and occurred_at < $2 and date_bin('1 minute', occurred_at, 'epoch') = any ($3::timestamptz[])
     order by event_id, occurred_at`,
    [new Date(from), new Date(to), [...minutes].map((minute) => new Date(minute))],
  );
  return rows.map(({ id, minute }) => ({ id, minute: minute.getTime() }));
}

/** The ids of the minutes, each with its minute (undefined where its time is read differently here than in the sink), as far as Kafka still has them. */
async function readKafka(
  parts: NameParts,
  table: AuditedTable,
  minutes: ReadonlySet<number>,
): Promise<{ readonly ids: ReadonlyMap<string, number | undefined>; readonly complete: boolean }> {
  const { db, connection } = parts;
  const places = await db.query<{ topic: string; partition: number; first: bigint; last: bigint }>(
    `select topic, partition, min(first_offset) as first, max(last_offset) as last from audit.ledger
     where event_table = $1 and minute = any ($2::timestamptz[]) and first_offset is not null group by 1, 2`,
    [table.tableName, [...minutes].map((minute) => new Date(minute))],
  );
  let complete = true;
  const ranges: OffsetRange[] = [];
  for (const topic of new Set(places.map((place) => place.topic))) {
    const ends = await topicEnds(connection, topic);
    for (const { partition, first, last } of places.filter((place) => place.topic === topic)) {
      const low = ends.find((end) => end.partition === partition)?.low ?? last + 1n;
      if (low > first) complete = false;
      ranges.push({ topic, partition, from: low > first ? low : first, to: last + 1n });
    }
  }
  const ids = new Map<string, number | undefined>();
  await readOffsets({
    ...parts,
    ranges,
    async onBatch({ records }) {
      for (const record of records) {
        const { id, type, minute } = eventOf(record);
        if (type !== table.type || id === undefined) continue;
        if (minute === undefined || minutes.has(minute)) ids.set(id, minute);
      }
    },
  });
  return { ids, complete: complete && (await isWhole(db, table, minutes)) };
}

/** Whether the ledger knows where each stored event of the minutes was read; what was stored before there was a ledger has no place. */
async function isWhole(db: Database, { tableName }: AuditedTable, minutes: ReadonlySet<number>): Promise<boolean> {
  const [behind] = await db.query(
    `select from audit.ledger where event_table = $1 and minute = any ($2::timestamptz[])
     group by minute having sum(stored) > sum(read) limit 1`,
    [tableName, [...minutes].map((minute) => new Date(minute))],
  );
  return behind === undefined;
}

/** What a record says of its event, by its headers. */
export function eventOf(record: KafkaRecord) {
  const { headers } = record;
  const time = Date.parse(headerText({ headers }, "ce_time") ?? "");
  return {
    id: headerText({ headers }, "ce_id"),
    type: headerText({ headers }, "ce_type"),
    minute: Number.isNaN(time) ? undefined : Math.floor(time / minuteMs) * minuteMs,
  };
}

/**
 * Which of these events of the minutes, which were no rows a moment ago, are neither dead letters nor rows. A letter that was redriven in that moment is a row now, so
 * rows are asked for behind the letters, too.
 */
export async function nowhereOf(
  db: Database,
  table: AuditedTable,
  minutes: ReadonlySet<number>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const dead = await deadLetters(db, ids);
  const nowhere = new Set(ids.filter((id) => !dead.has(id)));
  if (nowhere.size > 0) for (const { id } of await readRows(db, table, minutes)) nowhere.delete(id);
  return nowhere;
}

/** Which of these events are dead letters of a sink and wait; one that was redriven is a row. */
async function deadLetters(db: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.query<{ id: string }>(
    "select distinct headers ->> 'ce_id' as id from pipeline.dead_letters where state = 'open' and headers ->> 'ce_id' = any ($1)",
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}
