import { createConsumer, type KafkaConnection, readOffsets, topicEnds } from "../kafka/index.ts";
import { type Logger, type Metrics, PipelineError, type Service } from "../runtime/index.ts";
import { type Acknowledgement, acknowledgementTopic, readAcknowledgement } from "../schemas/index.ts";
import type { Database } from "../store/index.ts";
import { eventOf } from "./name-events.ts";

export type AcknowledgedParts = {
  readonly db: Database;
  readonly connection: KafkaConnection;
  /** The consumer group. */
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

/**
 * Looks whether Kafka still has what it acknowledged to ingest, at the very offsets that it named, and writes down what is not there. What retention has taken
 * meanwhile is not looked for. A batch may be looked at twice, which changes nothing.
 */
export function createAcknowledgedCheck(parts: AcknowledgedParts): Service {
  const { db, connection, metrics, log } = parts;
  const checked = metrics.counter(
    "hailstream_audit_acknowledged_events_total",
    "Events that ingest was acknowledged and that were looked for in Kafka.",
    ["outcome"],
  );

  return createConsumer({
    name: "audit of acknowledgements",
    ...{ connection, groupId: parts.groupId, metrics, log },
    topics: [`${parts.topicPrefix ?? ""}${acknowledgementTopic}`],
    async onBatch({ records, firstOffset }, control) {
      const told: Acknowledgement[] = [];
      for (const { value } of records) {
        const one = value === null ? undefined : await readAcknowledgement(value);
        if (one === undefined) log.warn("a record in the topic of acknowledgements cannot be read and is left out");
        else told.push(one);
      }
      try {
        const { events, lost } = await lostOf(told, { connection, log });
        await writeLost(db, lost);
        checked.inc({ outcome: "there" }, events - lost.length);
        checked.inc({ outcome: "lost" }, lost.length);
      } catch (error) {
        if (!(error instanceof PipelineError && error.retryable)) throw error;
        log.debug({ err: error }, "acknowledgements are looked at again");
        control.seek(firstOffset);
      }
      control.rest(parts.restMs ?? 10_000);
    },
  });
}

/** Compares what was told with what Kafka has. */
async function lostOf(
  told: readonly Acknowledgement[],
  parts: { readonly connection: KafkaConnection; readonly log: Logger },
): Promise<{ readonly events: number; readonly lost: readonly Lost[] }> {
  const awaited = new Map<string, Lost>();
  const ranges = [];
  for (const [topic, ofTopic] of Map.groupBy(told, (one) => one.topic)) {
    const lows = new Map(
      (await topicEnds(parts.connection, topic)).map(({ partition, low }) => [partition, Number(low)]),
    );
    for (const [partition, runs] of Map.groupBy(ofTopic, (one) => one.partition)) {
      const low = lows.get(partition) ?? 0;
      for (const { from, events } of runs) {
        for (const [i, { id, type }] of events.entries()) {
          const offset = from + i;
          if (offset >= low && id !== "")
            awaited.set(`${topic}/${partition}/${offset}`, { topic, partition, offset, id, type });
        }
      }
      const from = Math.min(...runs.map((run) => run.from));
      const to = Math.max(...runs.map((run) => run.from + run.events.length));
      ranges.push({ topic, partition, from: BigInt(from), to: BigInt(to) });
    }
  }
  const events = awaited.size;
  await readOffsets({
    ...parts,
    ranges,
    async onBatch({ topic, partition, records }) {
      for (const record of records) {
        const place = `${topic}/${partition}/${record.offset}`;
        const one = awaited.get(place);
        if (one !== undefined && eventOf(record).id === one.id) awaited.delete(place);
      }
    },
  });
  return { events, lost: [...awaited.values()] };
}

async function writeLost(db: Database, lost: readonly Lost[]): Promise<void> {
  if (lost.length === 0) return;
  await db.execute(
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
