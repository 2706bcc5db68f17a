import { createFleet, createSimulation, doorOptions, simulateOptions } from "../apps/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, createService, logOptions, readOptions, runUntilStopped } from "../runtime/index.ts";
import { loadCatalogue } from "../schemas/index.ts";
import { storeOptions } from "../store/index.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { countRowsAt, createAcceptedLog, type RowCount } from "./replay-rows.ts";
import { doorOf, runningStack } from "./running-stack.ts";
import { describeSimulation, simulationSummary } from "./simulate-summary.ts";

const manual: Manual = {
  examples: [
    "hailstream simulate                                      # 20 events a second until Ctrl-C",
    "hailstream simulate --drivers 500 --rate 2000 --duration-seconds 60 --json",
    "hailstream simulate --duration-seconds 60 --offline-share 0.3 --wrong-clock-share 0.1 --old-version-share 0.2 --lost-answer-share 0.05 --bad-share 0.02",
  ],
  json: '{"sent","accepted","quarantined","rejected","dropped":{reason:n},"unanswered","stored":n|null,"phones","requests","retried","duplicates","bad","lostAnswers","offlineRequests","wrongClocks","oldVersions","skipped","seconds","ok"}',
  exits: { 0: "it adds up, and only bad events were turned away", 1: "not so" },
  notes: `Every driver has a phone with the SDK, and riders share as many. At the end all phones get a network and send what they have. sent =
accepted + rejected + dropped + unanswered, and stored = accepted - quarantined once all is in Postgres (null: not counted, with
--wait-seconds 0, without a --postgres-url or after Ctrl-C).
The SDK decides what goes into a request, so --connections and --batch-size change nothing here.`,
};

/** `hailstream simulate`: drivers and riders of synthetic cities post events at a steady rate, through the SDK. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("simulate")
    .description(
      "Lets the phones of synthetic cities post events at a steady rate, with all that goes wrong on phones.",
    )
    .option("--json", "print the summary as one JSON line on standard output");
  const sets = [doorOptions, simulateOptions, localOptions, storeOptions, logOptions];
  withOptions(command, sets).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const door = readOptions(doorOptions, source);
    const options = readOptions(simulateOptions, source);
    const log = createLogger("simulate", readOptions(logOptions, source).level);
    const stack = runningStack(source);
    const { url, apiKey } = doorOf(door, stack);
    // The default of --postgres-url is the default stack's, whose password only the ready line knows.
    const givenPostgres = source.flags?.["postgres-url"] ?? source.env?.HAILSTREAM_POSTGRES_URL;
    const postgresUrl = givenPostgres === undefined ? stack?.postgres : readOptions(storeOptions, source).url;
    // Without an end nobody counts, and the ids would fill the memory.
    const counts = options.durationSeconds !== undefined && options.waitSeconds > 0 && postgresUrl !== undefined;
    const accepted = createAcceptedLog();
    const fleet = createFleet({
      url,
      key: apiKey,
      faults: options,
      seed: options.seed,
      riderPhones: options.drivers,
      classes: Object.fromEntries([...loadCatalogue().types.values()].map((type) => [type.name, type.class])),
      flushIntervalMs: options.flushIntervalMs,
      timeoutMs: door.requestTimeoutMs,
      onStored: counts ? accepted.add : () => undefined,
    });
    const simulation = createSimulation({ ...options, posts: fleet });
    const quit = new AbortController();
    const done = new AbortController();
    let rows: RowCount | undefined;
    let counting: Promise<void> = Promise.resolve();
    const began = performance.now();
    let seconds = 0;
    const whole = createService({
      name: "simulate",
      async start(fail) {
        await simulation.start(fail);
        counting = simulation.finished
          .then(async () => {
            seconds = secondsSince(began);
            if (!counts || quit.signal.aborted) return;
            rows = await countRowsAt(postgresUrl, {
              ...{ name: "simulate", logger: log, log: accepted, waitMs: options.waitSeconds * 1_000 },
              ...{ signal: quit.signal, onProgress: () => undefined },
            });
          })
          .catch(fail)
          .finally(() => done.abort());
      },
      async stop() {
        quit.abort();
        await simulation.stop();
        await counting;
      },
    });
    const { exitCode } = await runUntilStopped(whole, log, done.signal);
    for (const refusal of fleet.refusals) say(context, `refused ${refusal}`);
    const summary = simulationSummary({ tally: fleet.tally(), skipped: simulation.skipped, seconds, rows });
    context.stderr.write(describeSimulation(summary, rows));
    if (command.opts().json === true) printJson(context, summary);
    end(exitCode === 0 && summary.ok ? exitCodes.ok : exitCodes.failed);
  });
  withManual(command, manual);
};

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10;
}
