import { headerText, type KafkaConnection, type KafkaRecord, readRange } from "../../kafka/index.ts";
import { type Logger, PipelineError } from "../../runtime/index.ts";
import type { Letter, LetterFilter, Queryable } from "../../store/index.ts";
import { deadLetterTopic } from "../dead-letter.ts";

/** Names the place in front of what a letter is recognised by. */
export const streamLetterPrefix = "stream:";

/** A dead letter of a processor, with the record that it keeps. */
export type StreamLetter = {
  readonly letter: Letter;
  /** The flow, or the step where the letter does not say its flow, as those of older versions. */
  readonly step: string;
  readonly flow: string | undefined;
  /** `sending`: somebody was about to send what came of it, and did not say that it was. */
  readonly state: "open" | "sending" | "redriven";
  /** Of the envelope: app and version; empty without one. */
  readonly source: string;
  /** null: its bytes do not begin with one. */
  readonly schemaId: number | null;
  /** As it lies in the topic of letters. */
  readonly record: KafkaRecord;
};

export type LetterTopic = {
  readonly connection: KafkaConnection;
  readonly db: Queryable;
  readonly log: Logger;
  /** In front of every topic name; default none. */
  readonly topicPrefix?: string;
};

/** What pipeline.topic_letters knows. */
type Known = {
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: bigint;
  readonly step: string;
  readonly state: StreamLetter["state"];
  readonly attempts: number;
  readonly tried_at: Date;
  readonly code: string | null;
  readonly reason: string | null;
};

/**
 * The dead letters of all processors that the topic still has and that the filter wants, by the place where their records were read. A letter that was written
 * repeatedly, as after a crash, is one. @throws PipelineError store_…, kafka_…
 */
export async function readStreamLetters(from: LetterTopic, filter: LetterFilter): Promise<readonly StreamLetter[]> {
  const { connection, db, log } = from;
  const known = new Map<string, Known>();
  for (const row of await db.query<Known>(
    "select topic, partition, record_offset, step, state, attempts, tried_at, code, reason from pipeline.topic_letters",
  )) {
    known.set(idOf(row.topic, row.partition, String(row.record_offset), row.step), row);
  }
  const found = new Map<string, StreamLetter>();
  const reading = readRange({
    ...{ connection, log, topics: [`${from.topicPrefix ?? ""}${deadLetterTopic}`] },
    range: { fromMs: filter.since?.getTime() ?? 0, toMs: (filter.until?.getTime() ?? Number.MAX_SAFE_INTEGER) - 1 },
    async onBatch({ records }) {
      for (const record of records) {
        const one = letterOf(record, known);
        if (one !== undefined && !found.has(one.letter.id) && isWantedLetter(one, filter))
          found.set(one.letter.id, one);
      }
    },
  });
  await reading.catch((error: unknown) => {
    // Where no processor has run there is no topic, and no letter.
    if (!PipelineError.is(error, "kafka_topic_missing")) throw error;
  });
  return [...found.values()].sort((a, b) => comparePlaces(a.letter, b.letter));
}

function idOf(topic: string, partition: number, offset: string, step: string): string {
  return `${streamLetterPrefix}${topic}/${partition}/${offset}/${step}`;
}

/** undefined: it does not say where its record was read, so it is none of ours. */
function letterOf(record: KafkaRecord, known: ReadonlyMap<string, Known>): StreamLetter | undefined {
  // Decoded anew at each access.
  const { headers, timestamp } = record;
  const text = (name: string) => headerText({ headers }, name);
  const [topic, partition, offset] = [text("dl_topic"), Number(text("dl_partition")), text("dl_offset")];
  const flow = text("dl_flow");
  const step = flow ?? text("dl_step");
  if (topic === undefined || offset === undefined || step === undefined || !Number.isInteger(partition))
    return undefined;
  const id = idOf(topic, partition, offset, step);
  const row = known.get(id);
  const state = row?.state ?? "open";
  const letter: Letter = {
    ...{ id, place: "stream", consumer: step, topic, partition, offset },
    ...{ eventId: text("ce_id") ?? null, type: text("ce_type") ?? null },
    code: row?.code ?? text("dl_code") ?? "",
    message: row?.reason ?? text("dl_reason") ?? "",
    at: new Date(Number(timestamp)),
    state: state === "redriven" ? "redriven" : "open",
    attempts: row?.attempts ?? 0,
    triedAt: row?.tried_at ?? null,
  };
  return { letter, step, flow, state, source: text("ce_source") ?? "", schemaId: schemaIdOf(record.value), record };
}

/** Records of events begin with a zero and the id. */
const schemaIdOf = (value: Buffer | null): number | null =>
  value !== null && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : null;

/** Whether a letter is among those that a filter wants. */
export function isWantedLetter({ letter, source, schemaId }: StreamLetter, filter: LetterFilter): boolean {
  const { ids, places, topics, types, codes, eventId, states, sources, schemaIds, since, until } = filter;
  const fits = (list: readonly string[] | undefined, ...values: readonly (string | null)[]) =>
    list === undefined || values.some((value) => value !== null && list.includes(value));
  return (
    fits(ids, letter.id) &&
    fits(places, "stream", letter.consumer) &&
    fits(topics, letter.topic) &&
    fits(types, letter.type) &&
    fits(codes, letter.code) &&
    fits(states, letter.state) &&
    fits(sources, source) &&
    (schemaIds === undefined || schemaIds.includes(schemaId)) &&
    (since === undefined || letter.at >= since) &&
    (until === undefined || letter.at < until) &&
    (eventId === undefined || eventId === letter.eventId)
  );
}

/** In the order in which the records were read. */
function comparePlaces(a: Letter, b: Letter): number {
  if (a.consumer !== b.consumer) return a.consumer < b.consumer ? -1 : 1;
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset));
}
