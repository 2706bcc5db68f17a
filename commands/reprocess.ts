import { createInterface } from "node:readline/promises";
import { Presets, SingleBar } from "cli-progress";
import { z } from "zod";
import { connectKafka, createProducer, kafkaOptions } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  didYouMean,
  logOptions,
  PipelineError,
  readOptions,
  runUntilStopped,
} from "../runtime/index.ts";
import { catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import {
  createReference,
  idleOf,
  loadTopology,
  type RememberingFlow,
  type ReprocessReport,
  rememberingFlowsOf,
  reprocess,
  streamOptions,
} from "../stream/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { describeReport, describeVerdict } from "./reprocess-words.ts";
import { runningStack, variablesOf } from "./running-stack.ts";

const moment = z.iso
  .datetime({ offset: true, error: "expected a time such as 2026-11-22T14:00:00Z" })
  .transform((text) => Date.parse(text));
const wanted = z.object({
  processor: z.string(),
  from: moment,
  to: moment.optional(),
  switch: z.boolean().default(false),
  json: z.boolean().default(false),
});

const manual: Manual = {
  examples: [
    "hailstream reprocess --processor fold-trips --from 2026-11-22T14:00:00Z",
    "hailstream reprocess --processor fold-trips --from 2026-11-22T14:00:00Z --to 2026-11-22T18:00:00Z --switch --json",
  ],
  json: '{"processor","from","to":time|null,"equal","changed","missing","extra","examples":[…],"read","switched","corrected"}',
  exits: {
    0: "done, whatever was found",
    1: "it failed or was interrupted, and the live processor is as it was",
    2: "it was asked for something that there is not",
  },
  notes:
    "Without --switch it is a dry run; on a terminal it asks in the end. What is compared and how results are corrected: docs/reprocess.md.",
};

/** `hailstream reprocess`: rebuilds what a processor remembers and told, compares, and switches. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("reprocess")
    .description("Rebuilds a processor's memory and results from Kafka beside the live one, compares, and switches.")
    .requiredOption("--processor <name>", "the processor with memory, such as fold-trips")
    .requiredOption("--from <time>", "compare and correct results told since this time, RFC 3339")
    .option("--to <time>", "compare and correct results told up to this time; without it, all")
    .option("--switch", "correct what differs and give the live processor the rebuilt memory")
    .option("--json", "print the result as one JSON line on standard output");
  const sets = [localOptions, streamOptions, kafkaOptions, schemaOptions, catalogueOptions, storeOptions, logOptions];
  withOptions(command, sets).action(async () => {
    const asked = wanted.safeParse(command.opts());
    if (!asked.success) {
      const [issue] = asked.error.issues;
      throw new PipelineError("option_invalid", { message: `--${issue?.path.join(".")}: ${issue?.message}` });
    }
    const given = sourceOf(command, context, optionSets);
    const stack = runningStack(given);
    // What is not given is the running local stack's.
    const source = { ...given, env: { ...(stack === undefined ? {} : variablesOf(stack)), ...given.env } };
    const options = readOptions(streamOptions, source);
    const store = readOptions(storeOptions, source);
    const log = createLogger("reprocess", readOptions(logOptions, source).level);
    const metrics = createMetrics();
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-reprocess");
    const catalogue = catalogueFrom(source);
    const schemas = createSchemas({ options: readOptions(schemaOptions, source), log, metrics, catalogue });
    const db = createDatabase({ name: "reprocess", url: store.url, log, metrics, max: store.maxConnections });
    const producer = createProducer({ name: "reprocess", connection, metrics, log });
    const { profileVersions, groupPrefix, concurrency, cachedKeys: maxCachedKeys } = options;
    const reference = createReference({ connection, schemas, profileVersions, metrics, log });
    const topology = options.topology === undefined ? undefined : await loadTopology(options.topology, schemas);
    const flows = topology === undefined ? rememberingFlowsOf(options, schemas, reference) : topology.remembering;
    const flow = find(flows ?? [], asked.data.processor);

    const quit = new AbortController();
    const done = new AbortController();
    const progress = createProgress(context.stderr);
    let report: ReprocessReport | undefined;
    let failure: unknown;
    let running: Promise<void> = Promise.resolve();
    async function run(): Promise<void> {
      const { from, to = Number.POSITIVE_INFINITY, json, switch: switches } = asked.data as z.output<typeof wanted>;
      report = await reprocess({
        ...{ flow, connection, schemas, db, producer, metrics, log, groupPrefix, concurrency, maxCachedKeys },
        ...{ idleMs: idleOf(flow.name, options.idleMs), fromMs: from, toMs: to, signal: quit.signal },
        onProgress: progress.show,
        async decide(verdict) {
          progress.stop();
          context.stderr.write(describeVerdict(verdict));
          if (switches) return true;
          return json || !isTerminal(context) ? false : ask(context, quit.signal);
        },
      });
    }
    const work = createService({
      name: "reprocess",
      start() {
        running = run()
          .catch((error: unknown) => {
            failure = error;
          })
          .finally(() => done.abort());
      },
      async stop() {
        quit.abort();
        await running;
        progress.stop();
      },
    });
    await runUntilStopped(composeServices("reprocess", [schemas, db, producer, work]), log, done.signal);
    if (failure !== undefined && !quitByUser(failure)) throw failure;
    if (report === undefined) {
      context.stderr.write("Interrupted; the live processor is as it was.\n");
      return end(exitCodes.failed);
    }
    context.stderr.write(describeReport(report));
    const { processor, from, to, json } = asked.data;
    const span = { from: new Date(from).toISOString(), to: to === undefined ? null : new Date(to).toISOString() };
    if (json) printJson(context, { processor, ...span, ...report });
    end(exitCodes.ok);
  });
  withManual(command, manual);
};

function find(flows: readonly RememberingFlow[], name: string): RememberingFlow {
  const found = flows.find((flow) => flow.name === name);
  if (found === undefined) {
    const known = flows.map((flow) => flow.name);
    const hint = didYouMean(name, known);
    const message = `There is no processor with memory ${name}; there are ${known.join(", ")}${hint === undefined ? "" : `. Did you mean ${hint}?`}`;
    throw new PipelineError("option_invalid", { message });
  }
  const shared = found.outputs.filter((topic) => flows.some((flow) => flow !== found && flow.outputs.includes(topic)));
  const events = found.outputs.filter((topic) => topic.endsWith("-enriched"));
  const [topic] = [...shared, ...events];
  if (topic === undefined) return found;
  throw new PipelineError("reprocess_unfit", { message: `${name} writes to ${topic}, and so do others` });
}

const quitByUser = (error: unknown) => error instanceof Error && error.name === "AbortError";

function isTerminal({ stderr }: CommandContext): boolean {
  return stderr.isTTY === true && process.stdin.isTTY === true;
}

async function ask({ stderr }: CommandContext, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: stderr });
  // The terminal takes Ctrl-C for itself while it waits for a line.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await terminal.question("Switch the live processor to the rebuilt memory? [y/N] ", { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function createProgress(stderr: CommandContext["stderr"]) {
  if (stderr.isTTY !== true) return { show: () => undefined, stop: () => undefined };
  let bar: SingleBar | undefined;
  return {
    show({ done, total }: { readonly done: number; readonly total: number }) {
      if (bar === undefined) {
        const format = "Rebuilding {bar} {value} of {total} records";
        bar = new SingleBar({ format, stream: stderr, hideCursor: true }, Presets.shades_classic);
        bar.start(total, done);
      }
      bar.setTotal(total);
      bar.update(done);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
