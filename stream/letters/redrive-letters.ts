import {
  headerText,
  type KafkaRecord,
  type OutgoingRecord,
  type Producer,
  RawHeaders,
  readRange,
} from "../../kafka/index.ts";
import { type ErrorCode, PipelineError } from "../../runtime/index.ts";
import { type Database, type LetterFilter, noteRedrive, type Transaction } from "../../store/index.ts";
import { deadLetterTopic } from "../dead-letter.ts";
import type { Flow } from "../flow.ts";
import { processBatch } from "../process-batch.ts";
import type { RememberingFlow } from "../state/remembering-flow.ts";
import { type LetterTopic, readStreamLetters, type StreamLetter } from "./read-letters.ts";

/** What became of one letter. */
export type StreamLetterOutcome = {
  readonly id: string;
  readonly outcome: "redriven" | "failed" | "skipped";
  readonly code?: string;
  readonly message?: string;
};

export type StreamRedrive = Omit<LetterTopic, "db"> & {
  readonly db: Database;
  /** Asked for when there is something to do. */
  openFlows(): Promise<OpenFlows>;
  readonly filter: LetterFilter;
  /** The most letters. */
  readonly limit: number;
  /** Why nothing old may be written into a topic now; undefined: it may. */
  refuseOutput(topic: string): ErrorCode | undefined;
  /** The line of the redrive; undefined is a dry run, which sends nothing. */
  readonly redrive: bigint | undefined;
  readonly quit: AbortSignal;
  /** Told once how many there are, then after each page what became of it. */
  onTotal(letters: number): void;
  onDone(outcomes: readonly StreamLetterOutcome[]): void;
};

/** The flows as they are now, and where to send what comes out of them. */
export type OpenFlows = {
  readonly flows: readonly Flow[];
  readonly remembering: readonly RememberingFlow[];
  readonly producer: Pick<Producer, "send">;
};

/** With its flows open. */
type Run = StreamRedrive & OpenFlows;

/** The header by which what came of a letter is recognised: its place, and which of its records. */
export const redrivenHeader = "redriven_from";

const pageSize = 500;
/** Of all redrives of processors' letters on a database. */
const lock = 7_241_865_325_823_966n;
/** The clocks of this process and of the database are not further apart. */
const clockSkewMs = 60_000;

/**
 * Takes the records of dead letters through their flows again, as the flows are now, in the order in which they were read, and sends what comes out into the flows' topics:
 * with the partition, id and time that it would have had. That a record is about to be sent is written down first, and that it was afterwards; whoever finds the first
 * without the second looks into the topics, by the header {@link redrivenHeader}. So each is sent once, whatever ends this in between. One at a time does it on a database.
 * @throws PipelineError dlq_running, store_…, kafka_…
 */
export async function redriveStreamLetters(run: StreamRedrive): Promise<void> {
  // Whoever wants letters of sinks need not wait for another redrive of a processor's.
  if ((await openLetters(run)).length === 0) return run.onTotal(0);
  await run.db.transaction(async (held) => {
    // The lock is held for as long as it takes, and nothing else is done in this transaction.
    await held.execute("set local idle_in_transaction_session_timeout = 0");
    const [row] = await held.query<{ mine: boolean }>("select pg_try_advisory_xact_lock($1) as mine", [lock]);
    if (row?.mine !== true) throw new PipelineError("dlq_running");
    const letters = await openLetters(run);
    run.onTotal(letters.length);
    if (letters.length === 0) return;
    const open: Run = { ...run, ...(await run.openFlows()) };
    const sent = await findSent(open, letters);
    for (let at = 0; at < letters.length && !run.quit.aborted; at += pageSize) {
      // Throws when the connection, and with it the lock, is gone.
      await held.query("select 1");
      run.onDone(await redrivePage(open, letters.slice(at, at + pageSize), sent));
    }
  });
}

async function openLetters(run: StreamRedrive): Promise<readonly StreamLetter[]> {
  const letters = await readStreamLetters(run, run.filter);
  return letters.filter(({ state }) => state !== "redriven").slice(0, run.limit);
}

type Judged = {
  readonly letter: StreamLetter;
  readonly outcome: StreamLetterOutcome;
  readonly sends: readonly { readonly topic: string; readonly record: OutgoingRecord; readonly mark: string }[];
};

async function redrivePage(
  run: Run,
  page: readonly StreamLetter[],
  sent: ReadonlySet<string>,
): Promise<readonly StreamLetterOutcome[]> {
  const judged: Judged[] = [];
  for (const letter of page) judged.push(await judge(run, letter));
  const outcomes = judged.map(({ outcome }) => outcome);
  const { redrive } = run;
  if (redrive === undefined) return outcomes;
  const tried = judged.filter(({ outcome }) => outcome.outcome !== "skipped");
  const goes = tried.filter(({ outcome }) => outcome.outcome === "redriven");
  await run.db.transaction((tx) => write(tx, redrive, goes, "sending", 1));
  const byTopic = new Map<string, OutgoingRecord[]>();
  for (const { topic, record, mark } of goes.flatMap(({ sends }) => sends)) {
    if (sent.has(`${topic} ${mark}`)) continue;
    const records = byTopic.get(topic) ?? [];
    byTopic.set(topic, records);
    records.push(record);
  }
  await Promise.all(
    [...byTopic].map(([topic, records]) => run.producer.send((run.topicPrefix ?? "") + topic, records)),
  );
  await run.db.transaction(async (tx) => {
    await write(tx, redrive, goes, "redriven", 0);
    const failed = tried.filter(({ outcome }) => outcome.outcome === "failed");
    await write(tx, redrive, failed, "open", 1);
    const counts = { redriven: goes.length, failed: failed.length, skipped: judged.length - tried.length };
    await noteRedrive(tx, redrive, counts);
  });
  return outcomes;
}

/** Takes one record through its flow; nothing is done yet. */
async function judge(run: Run, one: StreamLetter): Promise<Judged> {
  const { id } = one.letter;
  const skip = (code: ErrorCode): Judged => ({ letter: one, outcome: { id, outcome: "skipped", code }, sends: [] });
  const flow = flowOf(run, one);
  if (typeof flow === "string") return skip(flow);
  for (const topic of flow.outputs) {
    const refused = run.refuseOutput(topic);
    if (refused !== undefined) return skip(refused);
  }
  const { topic, partition } = one.letter;
  const { sends } = await processBatch(flow, { topic, partition, records: [originalOf(one)] });
  const [again] = sends.get(deadLetterTopic) ?? [];
  if (again !== undefined) {
    const headers = again.headers as Readonly<Record<string, string>>;
    const [code, message] = [headers.dl_code ?? "", headers.dl_reason ?? ""];
    return { letter: one, outcome: { id, outcome: "failed", code, message }, sends: [] };
  }
  const marked = [...sends].flatMap(([to, records]) => {
    if (!flow.outputs.includes(to)) {
      throw new PipelineError("stream_output_undeclared", { fields: { flow: flow.name, topic: to } });
    }
    return records.map((record, n) => {
      const mark = `${id}#${n}`;
      return { topic: to, mark, record: marking(record, mark) };
    });
  });
  return { letter: one, outcome: { id, outcome: "redriven" }, sends: marked };
}

function marking(record: OutgoingRecord, mark: string): OutgoingRecord {
  // Steps hand headers on as they are, and those of a letter are no raw ones.
  if (record.headers instanceof RawHeaders) throw new TypeError("raw headers of a record that has none");
  return { ...record, headers: { ...record.headers, [redrivenHeader]: mark } };
}

/** The flow of a letter; of one that does not say it, the only one that reads the topic and has the step. */
function flowOf({ flows, remembering }: OpenFlows, { flow: name, step, letter }: StreamLetter): Flow | ErrorCode {
  const isOf = (flow: Flow | RememberingFlow) =>
    name === undefined ? flow.source === letter.topic && stepsOf(flow).includes(step) : flow.name === name;
  const [found, other] = [...flows, ...remembering].filter(isOf);
  if (found === undefined || other !== undefined) return "dlq_flow_unknown";
  return "steps" in found ? found : "dlq_flow_remembers";
}

const stepsOf = (flow: Flow | RememberingFlow): readonly string[] =>
  "steps" in flow ? [flow.read.name, ...flow.steps.map(({ name }) => name)] : [flow.read.name];

/** The record as the flow had read it. */
function originalOf({ letter, record }: StreamLetter): KafkaRecord {
  const { timestamp, key, value } = record;
  const headers = Object.fromEntries(Object.entries(record.headers).filter(([name]) => !name.startsWith("dl_")));
  return { offset: letter.offset, timestamp, key, value, headers };
}

/** What was sent for letters of which nobody knows whether it was, as `topic mark`. */
async function findSent(run: Run, letters: readonly StreamLetter[]): Promise<ReadonlySet<string>> {
  const doubtful = letters.filter(({ state }) => state === "sending");
  const found = new Set<string>();
  const prefix = run.topicPrefix ?? "";
  const topics = new Set(
    doubtful.flatMap((one) => {
      const flow = flowOf(run, one);
      return typeof flow === "string" ? [] : flow.outputs;
    }),
  );
  if (topics.size === 0) return found;
  const since = Math.min(...doubtful.map(({ letter }) => letter.triedAt?.getTime() ?? 0));
  await readRange({
    ...{ connection: run.connection, log: run.log, topics: [...topics].map((topic) => prefix + topic) },
    range: { fromMs: since - clockSkewMs, toMs: Number.MAX_SAFE_INTEGER },
    async onBatch({ topic, records }) {
      for (const record of records) {
        const mark = headerText(record, redrivenHeader);
        if (mark !== undefined) found.add(`${topic.slice(prefix.length)} ${mark}`);
      }
    },
  });
  return found;
}

/** Writes down how some letters stand, and that they were tried once more (`attempts` 1) or that this is still the same time. */
async function write(
  tx: Transaction,
  redrive: bigint,
  letters: readonly Judged[],
  state: StreamLetter["state"],
  attempts: 0 | 1,
): Promise<void> {
  if (letters.length === 0) return;
  const column = <T>(value: (one: Judged) => T): T[] => letters.map(value);
  await tx.execute(
    `insert into pipeline.topic_letters as l (topic, partition, record_offset, step, code, reason, state, attempts, redrive_id)
     select r.*, $7, $8::int, $9::bigint
     from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[]) as r (topic, partition, record_offset, step, code, reason)
     on conflict (topic, partition, record_offset, step) do update set
       state = excluded.state, attempts = l.attempts + excluded.attempts, redrive_id = excluded.redrive_id,
       code = coalesce(excluded.code, l.code), reason = coalesce(excluded.reason, l.reason),
       tried_at = case when excluded.attempts > 0 then clock_timestamp() else l.tried_at end`,
    [
      column(({ letter }) => letter.letter.topic),
      column(({ letter }) => letter.letter.partition),
      column(({ letter }) => letter.letter.offset),
      column(({ letter }) => letter.step),
      column(({ outcome }) => outcome.code ?? null),
      column(({ outcome }) => outcome.message?.replaceAll("\0", "\u2400") ?? null),
      state,
      attempts,
      redrive,
    ],
  );
}
