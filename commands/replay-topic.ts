import { z } from "zod";
import { createMetrics, createService, PipelineError, readOptions, runUntilStopped } from "../runtime/index.ts";
import { createSchemas, schemaOptions } from "../schemas/index.ts";
import { knownConnectors } from "../sinks/connectors/known.ts";
import { sinksOptions } from "../sinks/options.ts";
import { openReplaySink, type RangeCut, refuseCutRange, replayTopic } from "../sinks/replay/index.ts";
import { webhookOptions } from "../sinks/webhook/options.ts";
import { beginReplay, endReplay, storeOptions } from "../store/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes } from "./command.ts";
import { type DlqTools, dlqPartsOf } from "./dlq-part.ts";
import { checked } from "./keys-part.ts";
import { type Manual, withManual } from "./manual.ts";
import { time } from "./quarantine-filters.ts";
import { createQuarantineProgress, type QuarantineProgress } from "./quarantine-progress.ts";
import { times } from "./quarantine-words.ts";

const manual: Manual = {
  examples: [
    "hailstream replay-topic --topic driver-locations-enriched --from 2026-11-22T14:00:00Z --to 2026-11-22T15:00:00Z --into events --dry-run",
    "hailstream replay-topic --topic trips --from 24h --into trips-by-city",
  ],
  json: '{"dryRun","ok","replay":id|null,"topic","into","from","to","read","stored","present","rejected","letters","ahead","cut":[{"partition","gone","earliest":time|null}],"interrupted"}',
  exits: {
    0: "all of the range is stored, or what --partial has found of it",
    1: "records became dead letters, it was interrupted, or it was refused",
    2: "the command is not written right",
  },
  notes:
    "What is there already stays as it is, and so does what is newer, so it may be run beside the live sink and again: docs/replay-topic.md.",
};

const shape = z.object({
  topic: z.string().min(1),
  from: time,
  to: time.optional(),
  into: z.string().min(1),
  partial: z.boolean().default(false),
  revive: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Wishes = z.output<typeof shape>;

/** `hailstream replay-topic`: stores records of a topic by a sink once more, after a bug or an outage. */
export const add: AddCommand = (program, context, end) => {
  dlqPartsOf(program, context, end, "replay-topic")(
    "replay-topic",
    "Stores what arrived in a topic between two moments by a sink once more, without duplicates.",
    async (tools) => {
      const wishes = checked(shape, tools.wanted);
      const { result, trouble } = await replay(tools, wishes);
      const { read, stored, present, rejected, letters, ahead, cut } = result;
      tools.tell(result, () => [
        `${times(read, "record")} read, ${times(stored, "row")} ${wishes.dryRun ? "would be" : "are"} stored, ${present} there already, ${times(rejected, "dead letter")} made.`,
      ]);
      for (const { partition, gone, earliest } of cut)
        tools.say(
          `Partition ${partition} ${earliest === null ? "has no record left" : `begins at ${earliest}`}, and ${times(gone, "record")} before are gone: what of the range was among them is not replayed.`,
        );
      if (letters > 0) tools.say(`${letters} left alone: they are dead letters, which hailstream dlq redrive takes.`);
      if (ahead > 0) tools.say(`${ahead} left to the connector, which has not come to them yet.`);
      if (result.interrupted) tools.say("Interrupted: run the same command again; what is stored stays so.");
      if (trouble !== undefined) throw trouble;
      if (!result.ok) tools.end(exitCodes.failed);
    },
    (command) =>
      withManual(command, manual)
        .requiredOption("--topic <name>", "the topic that is read")
        .requiredOption(
          "--from <time>",
          "what arrived at this time or later: 2026-11-22T21:00:00Z, or 90m, 24h, 7d ago",
        )
        .option("--to <time>", "only what arrived before this time (default: now)")
        .requiredOption(
          "--into <connector>",
          "the sink, by its connector's name; hailstream connectors list shows them",
        )
        .option("--partial", "replay what is left, though Kafka no longer has all of the range")
        .option("--revive", "though a tombstone behind the range may have deleted rows that come back")
        .option("--dry-run", "try everything and keep nothing; only tell what would come of it"),
  );
};

async function replay(tools: DlqTools, { topic, from, to, into, partial, revive, dryRun }: Wishes) {
  const { db, log, source, context, by } = tools;
  const until = to ?? new Date();
  if (from >= until) {
    const message = `The range is empty: --from ${from.toISOString()} is not before --to ${until.toISOString()}.`;
    throw new PipelineError("option_invalid", { message });
  }
  const metrics = createMetrics();
  const counts = { read: 0, stored: 0, present: 0, rejected: 0, letters: 0, ahead: 0 };
  const [quit, done] = [new AbortController(), new AbortController()];
  const schemas = createSchemas({
    options: readOptions(schemaOptions, source),
    ...{ log, metrics, catalogue: catalogueFrom(source) },
  });
  let progress: QuarantineProgress | undefined;
  let line: bigint | undefined;
  let cut: readonly RangeCut[] = [];
  let trouble: unknown;
  let isWhole = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    await schemas.start(() => undefined);
    const [options, webhook] = [readOptions(sinksOptions, source), readOptions(webhookOptions, source)];
    const world = { db, schemas, metrics, options, webhook, store: readOptions(storeOptions, source), dryRun };
    const target = await openReplaySink(await knownConnectors({ options, db }), into, topic, world, log);
    if (target.deletes && to !== undefined && !revive) throw new PipelineError("replay_may_revive");
    const [connection, fromMs, toMs] = [tools.kafka(), from.getTime(), until.getTime()];
    cut = await refuseCutRange({ connection, log }, topic, fromMs, partial);
    line = dryRun ? undefined : await beginReplay(db, { by, topic, into, from, to: until });
    const overtaken = await replayTopic({
      ...{ connection, db, log, topic, target, range: { fromMs, toMs }, replay: line, quit: quit.signal },
      onTotal(records) {
        progress = createQuarantineProgress(context.stderr, dryRun ? "Trying" : "Replaying", records, "records");
      },
      onDone(looked, more) {
        for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += more[name];
        progress?.done(looked);
      },
    });
    if (overtaken.length > 0 && !partial) {
      const message = `Kafka took records of the range away before they were read, from ${times(overtaken.length, "partition")} (${overtaken.join(", ")}); the others are replayed.`;
      throw new PipelineError("replay_range_cut", { message });
    }
    isWhole = !quit.signal.aborted;
    if (isWhole && line !== undefined) await endReplay(db, line);
  }

  const service = createService({
    name: "replay-topic",
    start() {
      running = run()
        .catch((error: unknown) => {
          trouble = error;
        })
        .finally(() => done.abort());
    },
    async stop() {
      quit.abort();
      await running;
      progress?.stop();
      await schemas.stop();
    },
  });
  await runUntilStopped(service, log, done.signal);
  const interrupted = !isWhole && trouble === undefined;
  const result = {
    ...{ dryRun, ok: isWhole && counts.rejected === 0, replay: line === undefined ? null : String(line) },
    ...{ topic, into, from: from.toISOString(), to: until.toISOString(), ...counts, cut, interrupted },
  };
  return { result, trouble };
}
