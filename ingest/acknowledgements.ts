import { type Acknowledged, HeaderReader, type OutgoingRecord, RawHeaders } from "../kafka/index.ts";
import { createService, type Logger, type Metrics, messageOf, type Service } from "../runtime/index.ts";
import { type Acknowledgement, acknowledgementTopic, writeAcknowledgement } from "../schemas/index.ts";

export type AcknowledgementsParts = {
  /** Topics of which it tells. */
  readonly topics: ReadonlySet<string>;
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How often; default a second. */
  readonly everyMs?: number;
};

/** A record holds at most so many events, and so many wait when Kafka does not take them. */
const maxEvents = 10_000;
const maxWaiting = 200_000;
const [id, type] = [0, 1] as const;

type Run = {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  events: Acknowledgement["events"][number][];
};

/**
 * Tells which events Kafka has acknowledged and where it has them, for the audit, which compares that with what is there. What was acknowledged within the
 * last second before a kill -9 is not told, so it is not compared; nothing else depends on it. Its failures harm no event.
 */
export function createAcknowledgements(parts: AcknowledgementsParts): Service & { take(written: Acknowledged): void } {
  const { metrics, log } = parts;
  const untold = metrics.counter(
    "hailstream_ingest_acknowledgements_untold_total",
    "Acknowledged events of which the audit was not told, since Kafka did not take it or too many waited.",
  );
  const headers = new HeaderReader(["ce_id", "ce_type"]);
  let runs: Run[] = [];
  /** The newest run of each partition. */
  let open = new Map<string, Run>();
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  let telling: Promise<void> = Promise.resolve();

  function take({ topic, partition, baseOffset, records }: Acknowledged): void {
    if (!parts.topics.has(topic)) return;
    if (waiting + records.length > maxWaiting) {
      untold.inc(records.length);
      return;
    }
    const key = `${topic}/${partition}`;
    const from = Number(baseOffset);
    let run = open.get(key);
    if (run === undefined || run.from + run.events.length !== from || run.events.length >= maxEvents) {
      run = { topic, partition, from, events: [] };
      open.set(key, run);
      runs.push(run);
    }
    for (const { headers: own = {} } of records) {
      headers.open(own instanceof RawHeaders ? { headers: {}, rawHeaders: own } : { headers: own });
      run.events.push({ id: headers.text(id) ?? "", type: headers.text(type) ?? "" });
    }
    waiting += records.length;
  }

  async function tell(): Promise<void> {
    const told = runs;
    if (told.length === 0) return;
    runs = [];
    open = new Map();
    const events = told.reduce((sum, run) => sum + run.events.length, 0);
    try {
      const records = told.map(async (run) => ({
        key: `${run.topic}/${run.partition}`,
        value: await writeAcknowledgement(run),
      }));
      await parts.send(acknowledgementTopic, await Promise.all(records));
    } catch (error) {
      untold.inc(events);
      log.debug({ err: error }, `the audit is not told of ${events} events: ${messageOf(error)}`);
    } finally {
      waiting -= events;
    }
  }

  const tellNext = () => {
    telling = telling.then(tell);
    return telling;
  };

  return Object.assign(
    createService({
      name: "acknowledgements",
      start() {
        timer = setInterval(() => void tellNext(), parts.everyMs ?? 1_000);
      },
      async stop() {
        clearInterval(timer);
        await tellNext();
      },
    }),
    { take },
  );
}
