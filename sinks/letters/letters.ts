import type { KafkaRecord } from "../../kafka/index.ts";
import type { Letter, LetterFilter, Queryable } from "../../store/index.ts";

/** Names the place in front of the number of a row in pipeline.dead_letters. */
export const sinkLetterPrefix = "sinks:";

/** With the parameters of {@link filterParams}. */
export const filterSql = `
  ($1::text[] is null or '${sinkLetterPrefix}' || l.dead_letter_id = any ($1)) and ($2::text[] is null or 'sinks' = any ($2) or l.consumer = any ($2))
  and ($3::text[] is null or l.topic = any ($3)) and ($4::text[] is null or l.headers ->> 'ce_type' = any ($4))
  and ($5::text[] is null or l.reason = any ($5)) and ($6::text is null or l.headers ->> 'ce_id' = $6)
  and ($7::text[] is null or l.state = any ($7))
  and ($8::jsonb -> 'sources' is null or ($8::jsonb -> 'sources') ? coalesce(l.headers ->> 'ce_source', ''))
  and ($8::jsonb -> 'schemaIds' is null or ($8::jsonb -> 'schemaIds') @> coalesce(to_jsonb(l.schema_id), 'null'))
  and ($9::timestamptz is null or l.at >= $9) and ($10::timestamptz is null or l.at < $10)`;

export function filterParams(filter: LetterFilter): readonly unknown[] {
  const { ids, places, topics, types, codes, eventId, states, sources, schemaIds, since, until } = filter;
  const given = [ids, places, topics, types, codes, eventId, states].map((value) => value ?? null);
  return [...given, JSON.stringify({ sources, schemaIds }), since ?? null, until ?? null];
}

const columns = `
  l.dead_letter_id, l.consumer, l.topic, l.partition, l.record_offset, l.headers ->> 'ce_id' as event_id, l.headers ->> 'ce_type' as type,
  l.reason, l.message, l.at, l.state, l.attempts, l.tried_at`;

type Row = {
  readonly dead_letter_id: bigint;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: bigint;
  readonly event_id: string | null;
  readonly type: string | null;
  readonly reason: string;
  readonly message: string;
  readonly at: Date;
  readonly state: Letter["state"];
  readonly attempts: number;
  readonly tried_at: Date | null;
};

function letterOf(row: Row): Letter {
  const { consumer, topic, partition, type, message, at, state, attempts } = row;
  return {
    ...{ id: `${sinkLetterPrefix}${row.dead_letter_id}`, place: "sinks", consumer, topic, partition },
    ...{ offset: String(row.record_offset), eventId: row.event_id, type, code: row.reason, message },
    ...{ at, state, attempts, triedAt: row.tried_at },
  };
}

/** To the millisecond, as a `Date` has it: letters of one transaction differ by microseconds, and those behind a page would be counted to the pages before. */
const shownAt = "date_trunc('milliseconds', l.at)";

/** The newest first. @param before the id of the last letter of the page before */
export async function listSinkLetters(
  db: Queryable,
  filter: LetterFilter,
  limit: number,
  before?: { readonly at: Date; readonly id: string },
): Promise<readonly Letter[]> {
  const number = before?.id.startsWith(sinkLetterPrefix) === true ? before.id.slice(sinkLetterPrefix.length) : null;
  const rows = await db.query<Row>(
    `select ${columns} from pipeline.dead_letters l
     where ${filterSql} and ($12::timestamptz is null or ${shownAt} < $12 or (${shownAt} = $12 and l.dead_letter_id < coalesce($13::bigint, 0)))
     order by ${shownAt} desc, l.dead_letter_id desc limit $11`,
    [...filterParams(filter), limit, before?.at ?? null, number],
  );
  return rows.map(letterOf);
}

/** How many letters of a kind there are. */
export type LetterCount = Pick<Letter, "place" | "consumer" | "topic" | "code" | "state"> & { readonly count: number };

export async function countSinkLetters(db: Queryable, filter: LetterFilter): Promise<readonly LetterCount[]> {
  return db.query<LetterCount>(
    `select 'sinks' as place, l.consumer, l.topic, l.reason as code, l.state, count(*)::int as count
     from pipeline.dead_letters l where ${filterSql} group by 2, 3, 4, 5 order by count desc, 2, 3, 4, 5`,
    filterParams(filter),
  );
}

/** A letter with the record that it keeps. */
export type WholeSinkLetter = Letter & {
  readonly sqlState: string | null;
  readonly schemaId: number | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: StoredHeaders;
  readonly recordTime: Date | null;
};

/** undefined: there is none. */
export async function findSinkLetter(db: Queryable, id: string): Promise<WholeSinkLetter | undefined> {
  const number = new RegExp(`^${sinkLetterPrefix}(\\d{1,18})$`).exec(id)?.[1];
  if (number === undefined) return undefined;
  const [row] = await db.query<
    Row & Omit<Kept, "counted"> & { readonly sql_state: string | null; readonly schema_id: number | null }
  >(
    `select ${columns}, l.sql_state, l.schema_id, l.key, l.value, l.headers, l.record_time
     from pipeline.dead_letters l where l.dead_letter_id = $1`,
    [number],
  );
  if (row === undefined) return undefined;
  const { key, value, headers, sql_state: sqlState, schema_id: schemaId, record_time: recordTime } = row;
  return { ...letterOf(row), sqlState, schemaId, key, value, headers, recordTime };
}

/** As pipeline.dead_letters keeps headers: a text, or bytes that are none. */
export type StoredHeaders = Readonly<Record<string, string | { readonly base64: string }>>;

/** What is kept of a record. */
export type Kept = {
  readonly dead_letter_id: bigint;
  readonly record_offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: StoredHeaders;
  readonly record_time: Date | null;
  readonly at: Date;
  /** The audit ledger has it. */
  readonly counted: boolean;
};

/** The record as its sink has read it. Of a header that came several times only the first is kept, which is the one that sinks read. */
export function recordOf(kept: Kept): KafkaRecord {
  return {
    offset: String(kept.record_offset),
    timestamp: String((kept.record_time ?? kept.at).getTime()),
    key: kept.key,
    value: kept.value,
    headers: Object.fromEntries(
      Object.entries(kept.headers).map(([name, content]) => [
        name,
        typeof content === "string" ? Buffer.from(content) : Buffer.from(content.base64, "base64"),
      ]),
    ),
  };
}
