import { join } from "node:path";
import type { Command } from "commander";
import {
  type ChildService,
  claimDataDir,
  createEmbedded,
  type EmbeddedStack,
  endLeftovers,
  type ReadyLine,
  readReadyLine,
  releaseDataDir,
  requireFreePort,
  writeReadyLine,
} from "../local/index.ts";
import {
  composeServices,
  createService,
  logOptions,
  onStopSignals,
  readOptions,
  runUntilStopped,
  type Service,
  together,
} from "../runtime/index.ts";
import { type AddCommand, type CommandContext, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { environmentWith, type StackPlace, stackPlaceFrom } from "./stack-options.ts";
import { createDemo, createStations, prepareCarriers, prepareDeviceKeys, prepareOwnPostgres } from "./up-stations.ts";
import { createSummary, describeReady } from "./up-summary.ts";
import { announce, createUpLogger, listOf } from "./up-words.ts";

/** Options of these stations are flags of `up`; those of the others come by their variables. */
const shown = ["local", "cache", "kafka", "registry", "schemas", "postgres", "log"];

const manual: Manual = {
  examples: [
    "hailstream up",
    "hailstream up --no-demo                              # without the simulated city",
    "hailstream up --data-dir /tmp/trial --port-base 20000  # beside another stack",
    "hailstream up --json > ready.json                    # one line when everything is ready",
  ],
  json: '{"ready":true,"ingest":URL,"registry":URL,"kafka":"host:port","postgres":URL,"analyst":URL,"apiKey":KEY,"connectors":URL,"alerts":URL,"console":URL,"consoleKey":KEY}',
  exits: { 0: "stopped by Ctrl-C, or it runs already", 1: "a part failed" },
  notes:
    'The line of --json is printed once, when everything is ready; standard output carries nothing else. A stack that runs already is told of by its own line, or by {"ready":false,"running":true,"pid"}.',
};

export const add: AddCommand = (program, context, end) => {
  const sets = optionSets.filter((set) => shown.includes(set.station));
  const command = program
    .command("up")
    .description("Runs the whole pipeline on this machine until Ctrl-C: Kafka, registry, Postgres and every service.")
    .option("--no-demo", "without the traffic of a simulated city")
    .option("--json", "print one line of JSON when everything is ready, and nothing else")
    .action(async (_options: unknown, called: Command) => {
      const source = sourceOf(called, context, optionSets);
      const env = environmentWith(source, sets);
      const level = readOptions(logOptions, source).level;
      const { demo, json } = called.opts<{ demo: boolean; json?: boolean }>();
      end(await up({ place: stackPlaceFrom(source), env, level, demo, json: json === true, context }));
    });
  withOptions(command, sets);
  withManual(command, manual);
};

type UpParts = {
  readonly place: StackPlace;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly level: string;
  readonly demo: boolean;
  readonly json: boolean;
  readonly context: CommandContext;
};

async function up(parts: UpParts): Promise<0 | 1> {
  const { place, context, json } = parts;
  const holder = claimDataDir(place.dataDir);
  if (holder !== undefined) return tellRunning(holder, parts);
  const hurry = createHurry();
  try {
    const startedAt = Date.now();
    for (const name of await endLeftovers(place.dataDir))
      say(context, `Ended ${name}, which an earlier run left behind.`);
    const { service, ready, stack, stations } = await createWholeStack(parts, hurry);
    hurry.watch([stack, ...stations()]);
    const summary = createSummary({ context, place, parts: () => [...stack.children, ...stations()] });
    const tellReady = createService({
      name: "ready line",
      start() {
        writeReadyLine(place.dataDir, ready);
        if (json) printJson(context, ready);
        else say(context, describeReady(ready, Date.now() - startedAt));
      },
      stop: () => {
        if (context.stderr.isTTY === true) say(context, "\nStopping …");
      },
    });
    const whole = composeServices("hailstream", [...service, tellReady, ...(json ? [] : [summary])]);
    const { exitCode } = await runUntilStopped(whole, createUpLogger(parts.level, context));
    return exitCode;
  } catch (error) {
    // A signal during the start breaks the start off, which is no failure.
    if (hurry.abort.aborted) return 0;
    throw error;
  } finally {
    hurry.done();
    releaseDataDir(place.dataDir);
  }
}

type WholeStack = {
  readonly service: readonly Service[];
  readonly ready: ReadyLine;
  readonly stack: EmbeddedStack;
  stations(): readonly ChildService[];
};

async function createWholeStack(parts: UpParts, hurry: Hurry): Promise<WholeStack> {
  const { place, env, level, demo, context } = parts;
  const log = createUpLogger(level, context);
  const { abort } = hurry;
  const own = {
    kafka: env.HAILSTREAM_KAFKA_BROKERS,
    registry: env.HAILSTREAM_REGISTRY_URL,
    postgres: env.HAILSTREAM_POSTGRES_URL,
  };
  const registryStorage =
    own.registry === undefined && own.postgres !== undefined ? await prepareOwnPostgres(own.postgres, log) : undefined;
  const stack = await createEmbedded({ ...place, env, log, abort, own: { ...own, registryStorage } });
  const { addresses, secrets } = stack;
  const childEnv: Readonly<Record<string, string | undefined>> = {
    ...env,
    HAILSTREAM_KAFKA_BROKERS: addresses.kafka,
    HAILSTREAM_REGISTRY_URL: addresses.registry,
    HAILSTREAM_REGISTRY_CACHE_DIR: env.HAILSTREAM_REGISTRY_CACHE_DIR ?? join(place.dataDir, "schemas"),
    HAILSTREAM_POSTGRES_URL: addresses.postgres,
    HAILSTREAM_POSTGRES_SINK_URL: env.HAILSTREAM_POSTGRES_SINK_URL ?? addresses.postgresSink,
    HAILSTREAM_POSTGRES_ANALYST_URL: env.HAILSTREAM_POSTGRES_ANALYST_URL ?? addresses.postgresAnalyst,
  };
  const children = { ...place, env: childEnv, log, abort };
  const ingest = `http://127.0.0.1:${place.ports.ingest}`;
  const stations = createStations(children, secrets);
  const city = demo ? createDemo(children, ingest, secrets.apiKey) : undefined;
  const carriers = createService({
    name: "topics, tables and keys",
    start: async () => {
      // Each table of a first start would be a line; nobody who starts a stack has asked for that.
      const troubles = createUpLogger(level === "info" ? "warn" : level, context);
      await Promise.all([prepareCarriers(childEnv, troubles), prepareDeviceKeys(children)]);
    },
    stop: () => undefined,
  });
  const ready: ReadyLine = {
    ready: true,
    ingest,
    registry: addresses.registry,
    kafka: addresses.kafka,
    postgres: addresses.postgres,
    analyst: childEnv.HAILSTREAM_POSTGRES_ANALYST_URL ?? addresses.postgres,
    apiKey: secrets.apiKey,
    connectors: `http://127.0.0.1:${place.ports.sinksMetrics}`,
    alerts: `http://127.0.0.1:${place.ports.streamMetrics}`,
    console: `http://127.0.0.1:${place.ports.console}`,
    consoleKey: childEnv.HAILSTREAM_CONSOLE_KEY ?? secrets.console.operate,
  };
  const embedded = listOf(stack.children.map(({ name }) => name));
  return {
    service: [
      stationPorts(place),
      ...(embedded === "" ? [] : [announce(context, `Starting ${embedded} in ${place.dataDir} …`)]),
      stack,
      announce(context, "Making topics and tables, then starting ingest, stream, sinks, audit and the console …"),
      carriers,
      together("services", stations),
      ...(city === undefined ? [] : [city]),
    ],
    ready,
    stack,
    stations: () => [...stations, ...(city === undefined ? [] : [city])],
  };
}

/** Asked before Kafka and Postgres start: a taken port is told at once. Those of the embedded parts they look at themselves. */
function stationPorts({ ports }: StackPlace): Service {
  return createService({
    name: "ports of the services",
    async start() {
      await requireFreePort("ingest", ports.ingest);
      await requireFreePort("the health of stream", ports.streamMetrics);
      await requireFreePort("the health of the stateful stream", ports.statefulMetrics);
      await requireFreePort("the health of sinks", ports.sinksMetrics);
      await requireFreePort("the health of the audit", ports.auditMetrics);
      await requireFreePort("the console", ports.console);
    },
    stop: () => undefined,
  });
}

type Hurry = {
  /** Aborted by the first signal: a start under way is broken off. */
  readonly abort: AbortSignal;
  /** What a second signal, or the end of this process in any way, ends at once: no part may be orphaned. */
  watch(parts: readonly { kill(): void }[]): void;
  done(): void;
};

function createHurry(): Hurry {
  const controller = new AbortController();
  let watched: readonly { kill(): void }[] = [];
  const killAll = () => {
    for (const part of watched) part.kill();
  };
  const endSignals = onStopSignals((_signal, again) => {
    if (again) killAll();
    controller.abort();
  });
  process.on("exit", killAll);
  return {
    abort: controller.signal,
    watch: (parts) => {
      watched = parts;
    },
    done() {
      endSignals();
      process.off("exit", killAll);
    },
  };
}

function tellRunning(pid: number, { place, context, json }: UpParts): 0 {
  const ready = readReadyLine(place.dataDir);
  if (json) printJson(context, ready ?? { ready: false, running: true, pid });
  const state = ready === undefined ? "is starting" : "runs already";
  say(context, `hailstream ${state} in ${place.dataDir} (process ${pid}); hailstream down stops it.`);
  return 0;
}
