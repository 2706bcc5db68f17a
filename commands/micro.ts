import { createMicro } from "../ingest/micro/micro.ts";
import { microDoorOptions, microOptions, readDoorOptions } from "../ingest/micro/options.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  logOptions,
  readOptions,
  runUntilStopped,
} from "../runtime/index.ts";
import { catalogueOptions } from "../schemas/options.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { createMicroCommand } from "./micro-command.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: [
    "hailstream micro                                    # http://127.0.0.1:9090, until Ctrl-C",
    "hailstream micro --micro-port 0 -- npm test         # for as long as the command runs, which finds the address in MICRO_URL",
    "hailstream micro --micro-port 0 --json              # any free port; the ready line says which",
    "hailstream micro --schemas-dir schemas --micro-stage live",
  ],
  json: '{"ready":true,"micro":URL,"ingest":URL}',
  exits: { 1: "failed, or the command did" },
  notes: `Real: schemas, checks, Avro, limits, API keys, duplicates and every answer are those of hailstream ingest. Not real: there is no
Kafka behind it, so "accepted" means that the event would have been stored, and it is gone with the process; nothing is enriched,
loaded or alerted. Ask /micro/good?type=trip.rated&wait_ms=5000, /micro/bad and, between tests, POST /micro/reset. docs/micro.md tells the rest.`,
};

/** So many sentences about bad events are written; /micro/bad has all of them. */
const maxSentences = 100;

/** `hailstream micro`: the front door alone, in one process, for the tests of apps. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("micro")
    .description(
      "Runs the front door in memory for the tests of apps, with an API to ask what came: no Kafka, Postgres or Java.",
    )
    .argument("[command...]", "behind two dashes: what to run; micro ends with it")
    .option("--json", "print one JSON line on standard output when ready")
    .option("--until-stdin-ends", "end with standard input, so that it does not outlive who started it");
  withManual(command, manual);
  withOptions(command, [microOptions, microDoorOptions, catalogueOptions, logOptions]).action(
    async (words: readonly string[]) => {
      const source = sourceOf(command, context, optionSets);
      const options = readOptions(microOptions, source);
      const { level } = readOptions(logOptions, source);
      // At its start the door tells of a journal and a spool, which are not for micro.
      const log = createLogger("micro", level === "info" ? "warn" : level);
      const { json, untilStdinEnds } = command.opts<{ readonly json?: boolean; readonly untilStdinEnds?: boolean }>();
      let sentences = 0;
      const micro = createMicro({
        options,
        door: readDoorOptions(options, source),
        catalogue: catalogueFrom(source),
        metrics: createMetrics({ processMetrics: true }),
        log,
        onBad(sentence) {
          if (sentences++ < maxSentences) say(context, sentence);
          if (sentences === maxSentences) say(context, "More are not told here; /micro/bad has them.");
        },
      });
      const ready = createService({
        name: "ready line",
        start() {
          if (json === true) printJson(context, { ready: true, micro: micro.url, ingest: micro.url });
          say(
            context,
            `micro listens on ${micro.url}: post to /v1/events, ask /micro/good and /micro/bad; no Kafka is behind it`,
          );
        },
        stop: () => undefined,
      });
      const over = new AbortController();
      const [program, ...rest] = words;
      const beside =
        program === undefined
          ? undefined
          : createMicroCommand({
              words: [program, ...rest],
              env: () => ({ ...context.env, MICRO_URL: micro.url }),
              onEnd: () => over.abort(),
            });
      if (untilStdinEnds === true) process.stdin.once("close", () => over.abort()).resume();
      const services = [micro, ready, ...(beside === undefined ? [] : [beside])];
      const { exitCode } = await runUntilStopped(composeServices("micro", services), log, over.signal);
      if (untilStdinEnds === true) process.stdin.pause();
      end(beside?.succeeded === false ? exitCodes.failed : exitCode);
    },
  );
};
