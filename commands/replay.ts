import { createHttpClient, createLanes, doorOptions, replayFile, replayOptions } from "../apps/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, createService, logOptions, readOptions, runUntilStopped } from "../runtime/index.ts";
import { storeOptions } from "../store/index.ts";
import { type AddCommand, exitCodes, printJson, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { createReplayProgress } from "./replay-progress.ts";
import { countRowsAt, createAcceptedLog } from "./replay-rows.ts";
import { describeReplay, type ReplaySummary, replaySummary } from "./replay-summary.ts";
import { doorOf, runningStack } from "./running-stack.ts";

const manual: Manual = {
  examples: [
    "hailstream replay green_tripdata_2015-01.csv",
    "hailstream replay green_tripdata_2015-01.csv --speed 600 --limit 500",
    "hailstream replay trips.csv.gz --url https://events.example.com --api-key KEY --postgres-url postgres://… --json",
  ],
  json: '{"trips","sent","accepted","rejected","rows":n|null,"ok","reference","quarantined","retried","fileRows","storedAndForwarded","outOfOrder","problems":{reason:{"rows","lines":[n]}},"rejections":[{"type","reason"}],"seconds","eventsPerSecond","trouble":words|absent}',
  exits: { 0: "every event was accepted and every accepted event is one row", 1: "not so" },
  notes: `The file: TLC trip records with coordinates, green or yellow, plain or .gz. The same file gives the same events with the same
ids, so a second replay adds no rows.`,
};

/** `hailstream replay FILE`: plays recorded trips as the events that the apps would have posted. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("replay")
    .argument("<file>", "CSV file of trip records")
    .description("Plays recorded taxi trips as the events that driver and rider apps would have posted.")
    .option("--json", "print the summary as one JSON line on standard output");
  withOptions(command, [doorOptions, replayOptions, localOptions, storeOptions, logOptions]).action(
    async (file: string) => {
      const source = sourceOf(command, context, optionSets);
      const door = readOptions(doorOptions, source);
      const options = readOptions(replayOptions, source);
      const store = readOptions(storeOptions, source);
      const log = createLogger("replay", readOptions(logOptions, source).level);
      const stack = runningStack(source);
      const { url, apiKey } = doorOf(door, stack);
      // The default of --postgres-url is the default stack's, whose password only the ready line knows.
      const givenPostgres = source.flags?.["postgres-url"] ?? source.env?.HAILSTREAM_POSTGRES_URL;
      const postgresUrl = givenPostgres === undefined ? stack?.postgres : store.url;

      const progress = createReplayProgress(context.stderr);
      const accepted = createAcceptedLog();
      const countsRows = options.waitSeconds > 0 && postgresUrl !== undefined;
      const lanes = createLanes({
        client: createHttpClient({ url, apiKey, connections: door.connections, timeoutMs: door.requestTimeoutMs }),
        lanes: door.connections,
        batchSize: door.batchSize,
        random: Math.random,
        log,
        ...(countsRows ? { onAccepted: ({ event, timeMs }) => accepted.add({ ...event, timeMs }) } : {}),
      });
      const quit = new AbortController();
      const done = new AbortController();
      let summary: ReplaySummary | undefined;
      let running: Promise<void> = Promise.resolve();

      const counting = {
        ...{ name: "replay", logger: log, log: accepted, waitMs: options.waitSeconds * 1_000, signal: quit.signal },
        onProgress: (rows: number) => progress.stored(rows, lanes.tally.accepted),
      };

      async function run(): Promise<void> {
        const began = performance.now();
        const counts = await replayFile({
          ...options,
          file,
          lanes,
          signal: quit.signal,
          onProgress: (now) => progress.posted(now, lanes.tally),
        });
        const seconds = (performance.now() - began) / 1_000;
        progress.posted(counts, lanes.tally);
        const rows = countsRows && !quit.signal.aborted ? await countRowsAt(postgresUrl, counting) : undefined;
        summary = replaySummary({ counts, tally: lanes.tally, rejections: lanes.rejections, rows, seconds });
      }

      let failure: unknown;
      const replay = createService({
        name: "replay",
        async start(fail) {
          await lanes.start(() => undefined);
          running = run()
            .catch((error: unknown) => {
              failure = error;
              if (quit.signal.aborted) fail(error);
            })
            .finally(() => done.abort());
        },
        async stop() {
          quit.abort();
          await lanes.stop();
          await running;
          progress.stop();
        },
      });
      await runUntilStopped(replay, log, done.signal);
      // Whatever ended the replay is told by main, with its code and what to do about it.
      if (failure !== undefined) throw failure;
      if (summary === undefined) return end(exitCodes.failed);
      context.stderr.write(describeReplay(summary));
      if (command.opts().json === true) printJson(context, summary);
      end(summary.ok ? exitCodes.ok : exitCodes.failed);
    },
  );
  withManual(command, manual);
};
