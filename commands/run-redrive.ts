import type { KafkaConnection } from "../kafka/index.ts";
import { createMetrics, type Logger, type OptionSource, readOptions } from "../runtime/index.ts";
import { createSchemas, schemaOptions } from "../schemas/index.ts";
import {
  countOpenSinkLetters,
  createSinkFinder,
  createUpsertFinder,
  type LetterOutcome,
  redriveSinkLetters,
} from "../sinks/letters/index.ts";
import { sinksOptions } from "../sinks/options.ts";
import { webhookOptions } from "../sinks/webhook/options.ts";
import { beginRedrive, type Database, endRedrive, type LetterFilter, storeOptions } from "../store/index.ts";
import { loadTopology, streamOptions } from "../stream/index.ts";
import {
  createLetterFlows,
  type LetterFlows,
  redriveStreamLetters,
  type StreamRedrive,
} from "../stream/letters/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { concerns } from "./dlq-filters.ts";

/** What a redrive is for whoever asks: the command, or the console. */
export type RedriveOrder = {
  readonly db: Database;
  readonly log: Logger;
  /** Asked for by whoever needs Kafka. */
  kafka(): KafkaConnection;
  /** What the sinks and flows are made of. */
  readonly source: OptionSource;
  readonly by: string;
  readonly filter: LetterFilter;
  readonly wishes: {
    readonly dryRun: boolean;
    readonly limit: number;
    /** Store also what a tombstone may have deleted since. */
    readonly revive: boolean;
    /** Send records also where a connector may have a newer row. */
    readonly overwrite: boolean;
  };
  /** Aborted when the user has had enough; what is under way is ended first. */
  readonly quit: AbortSignal;
  /** Told for each place how many there are, then page by page what became of them. */
  onTotal(letters: number): void;
  onDone(outcomes: readonly LetterOutcome[]): void;
};

export type Redriven = {
  /** Under which it is in pipeline.redrives; undefined for a dry run. */
  readonly line: bigint | undefined;
  /** It came to its end. */
  readonly isWhole: boolean;
};

/**
 * Lets dead letters of sinks and of processors try again, each once, and writes down who did it.
 * @throws PipelineError store_…, registry_…, kafka_…, dlq_running
 */
export async function runRedrive(order: RedriveOrder): Promise<Redriven> {
  const { db, log, source, by, filter, quit } = order;
  const { dryRun, limit, revive, overwrite } = order.wishes;
  const metrics = createMetrics();
  const catalogue = catalogueFrom(source);
  const schemas = createSchemas({ options: readOptions(schemaOptions, source), log, metrics, catalogue });
  const world = { options: readOptions(sinksOptions, source), db, log };
  let total = 0;
  let matched = 0;

  function onTotal(count: number): void {
    total += count;
    order.onTotal(count);
  }

  function onDone(outcomes: readonly LetterOutcome[]): void {
    matched += outcomes.length;
    order.onDone(outcomes);
  }

  async function redriveStream(common: Pick<StreamRedrive, "db" | "log" | "filter" | "redrive" | "quit" | "onDone">) {
    const connection = order.kafka();
    const options = readOptions(streamOptions, source);
    const keepsRows = await createUpsertFinder(world);
    let flows: LetterFlows | undefined;
    try {
      await redriveStreamLetters({
        ...{ ...common, connection, limit: limit - matched, onTotal },
        async openFlows() {
          const topology = options.topology === undefined ? undefined : await loadTopology(options.topology, schemas);
          flows = createLetterFlows({ options, connection, schemas, db, metrics, log, topology });
          await flows.start(() => undefined);
          return { ...flows.flows(), producer: flows.producer };
        },
        refuseOutput: (topic) => (!overwrite && keepsRows(topic) ? "dlq_rows_behind" : undefined),
      });
    } finally {
      await flows?.stop();
    }
  }

  try {
    await schemas.start(() => undefined);
    const line = dryRun ? undefined : await beginRedrive(db, by, filter);
    const common = { db, log, filter, redrive: line, quit, onDone };
    try {
      if (concerns(filter, "sinks")) {
        onTotal(Math.min(limit, await countOpenSinkLetters(db, filter)));
        const [store, webhook] = [readOptions(storeOptions, source), readOptions(webhookOptions, source)];
        const findSink = await createSinkFinder({ ...world, store, webhook, schemas, metrics, dryRun });
        await redriveSinkLetters({ ...common, findSink, limit, revive });
      }
      if (concerns(filter, "stream") && matched < limit && !quit.aborted) await redriveStream(common);
      return { line, isWhole: !quit.aborted || matched === total };
    } finally {
      if (line !== undefined) await endRedrive(db, line);
    }
  } finally {
    await schemas.stop();
  }
}
