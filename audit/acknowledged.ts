import { type KafkaConnection, readOffsets, topicEnds } from "../kafka/index.ts";
import type { Logger, Metrics, Service } from "../runtime/index.ts";
import { type Acknowledgement, acknowledgementTopic, readAcknowledgement } from "../schemas/index.ts";
import type { Database, Queryable } from "../store/index.ts";
import { createClaimedConsumer } from "./claimed-consumer.ts";
import { minuteMs } from "./count-records.ts";
import { eventOf } from "./name-events.ts";

export type AcknowledgedParts = {
  readonly db: Database;
  readonly connection: KafkaConnection;
  /** The consumer group, and its name in `pipeline.checkpoints`. */
  readonly groupId: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** In front of the name of the topic of acknowledgements; default none. */
  readonly topicPrefix?: string;
  /** How long a partition rests behind a batch, so that the next one is worth a reading; default 10 s. */
  readonly restMs?: number;
};

/** An event that is not where Kafka had said. */
type Lost = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
  readonly type: string;
};

/** How many events of a type and minute ingest was acknowledged. */
type MinuteCount = { readonly type: string; readonly minute: number; readonly events: number };

type Looked = { readonly there: number; readonly lost: readonly Lost[]; readonly counts: readonly MinuteCount[] };

/**
 * Looks whether Kafka still has what it acknowledged to ingest, at the very offsets that it named, and writes down what is not there; and counts the acknowledged
 * events by minute of event time. What retention has taken meanwhile is neither looked for nor counted. What is lost counts in the minute in which that was told,
 * since its own is gone with it.
 */
export function createAcknowledgedCheck(parts: AcknowledgedParts): Service {
  const { metrics, log } = parts;
  const checked = metrics.counter(
    "hailstream_audit_acknowledged_events_total",
    "Events that ingest was acknowledged and that were looked for in Kafka.",
    ["outcome"],
  );

  return createClaimedConsumer<Looked>({
    ...parts,
    name: "audit of acknowledgements",
    topics: [`${parts.topicPrefix ?? ""}${acknowledgementTopic}`],
    restMs: parts.restMs ?? 10_000,
    async prepare({ records }) {
      const told: Told[] = [];
      for (const { value, timestamp } of records) {
        const one = value === null ? undefined : await readAcknowledgement(value);
        if (one === undefined) log.warn("a record in the topic of acknowledgements cannot be read and is left out");
        else told.push({ ...one, minute: minuteOf(Number(timestamp)) });
      }
      return lookFor(told, parts);
    },
    async store(tx, _batch, { lost, counts }) {
      await writeLost(tx, lost);
      await writeCounts(tx, counts);
    },
    onStored({ there, lost }) {
      checked.inc({ outcome: "there" }, there);
      checked.inc({ outcome: "lost" }, lost.length);
    },
  });
}

/** An acknowledgement with the minute in which it was told. */
type Told = Acknowledgement & { readonly minute: number };

const minuteOf = (ms: number) => Math.floor(ms / minuteMs) * minuteMs;

/** Compares what was told with what Kafka has. */
async function lookFor(
  told: readonly Told[],
  parts: { readonly connection: KafkaConnection; readonly log: Logger },
): Promise<Looked> {
  const awaited = new Map<string, Lost & { readonly minute: number }>();
  const ranges = [];
  for (const [topic, ofTopic] of Map.groupBy(told, (one) => one.topic)) {
    const lows = new Map(
      (await topicEnds(parts.connection, topic)).map(({ partition, low }) => [partition, Number(low)]),
    );
    for (const [partition, runs] of Map.groupBy(ofTopic, (one) => one.partition)) {
      const low = lows.get(partition) ?? 0;
      for (const { from, minute, events } of runs) {
        for (const [i, { id, type }] of events.entries()) {
          const offset = from + i;
          if (offset >= low && id !== "")
            awaited.set(`${topic}/${partition}/${offset}`, { topic, partition, offset, id, type, minute });
        }
      }
      const from = Math.min(...runs.map((run) => run.from));
      const to = Math.max(...runs.map((run) => run.from + run.events.length));
      ranges.push({ topic, partition, from: BigInt(from), to: BigInt(to) });
    }
  }
  const all = awaited.size;
  const counts = new Map<string, MinuteCount>();
  const count = (type: string, minute: number) => {
    const key = `${minute} ${type}`;
    counts.set(key, { type, minute, events: (counts.get(key)?.events ?? 0) + 1 });
  };
  await readOffsets({
    ...parts,
    ranges,
    async onBatch({ topic, partition, records }) {
      for (const record of records) {
        const place = `${topic}/${partition}/${record.offset}`;
        const one = awaited.get(place);
        if (one === undefined) continue;
        const { id, minute = one.minute } = eventOf(record);
        if (id !== one.id) continue;
        awaited.delete(place);
        count(one.type, minute);
      }
    },
  });
  for (const { type, minute } of awaited.values()) count(type, minute);
  return { there: all - awaited.size, lost: [...awaited.values()], counts: [...counts.values()] };
}

async function writeLost(tx: Queryable, lost: readonly Lost[]): Promise<void> {
  if (lost.length === 0) return;
  await tx.execute(
    `insert into audit.lost (topic, partition, record_offset, event_id, event_type)
     select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[]) on conflict do nothing`,
    [
      lost.map(({ topic }) => topic),
      lost.map(({ partition }) => partition),
      lost.map(({ offset }) => offset),
      lost.map(({ id }) => id),
      lost.map(({ type }) => type),
    ],
  );
}

async function writeCounts(tx: Queryable, counts: readonly MinuteCount[]): Promise<void> {
  if (counts.length === 0) return;
  // Always in the same order, so that two transactions cannot wait for each other.
  const rows = [...counts].sort((a, b) => a.minute - b.minute || (a.type < b.type ? -1 : 1));
  await tx.execute(
    `insert into audit.acknowledged as a (event_type, minute, events)
     select * from unnest($1::text[], $2::timestamptz[], $3::bigint[])
     on conflict (event_type, minute) do update set events = a.events + excluded.events`,
    [rows.map(({ type }) => type), rows.map(({ minute }) => new Date(minute)), rows.map(({ events }) => events)],
  );
}

/** Which events of a type Kafka has lost and that have not become rows in spite of that, as when an app sent them again. */
export async function lostEvents(
  db: Database,
  { type, tableName }: { readonly type: string; readonly tableName: string },
): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>(
    `select distinct event_id as id from audit.lost l where event_type = $1
     and not exists (select from events."${tableName.replaceAll('"', '""')}" e where e.event_id = l.event_id) order by 1`,
    [type],
  );
  return rows.map(({ id }) => id);
}
