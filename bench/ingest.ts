import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { hashApiKey } from "../ingest/index.ts";
import { connectKafka, ensureTopics, kafkaOptions } from "../kafka/index.ts";
import { readOptions, silentLogger } from "../runtime/index.ts";
import { startTestStack } from "../test/support/stack.ts";
import { eventually } from "../test/support/wait.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import { fetchKafkaTools, producerPerformance } from "./peers/kafka-tools.ts";
import { buildOtelCollector, collectorConfig } from "./peers/otel-collector.ts";
import { capture, freePort, startProcess, startStation, untilAnswers } from "./processes.ts";
import { conditions, ratio, runRounds } from "./rounds.ts";

type Load = {
  readonly requestsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly cpuShare: number;
};

type Side = { readonly format: "cloudevents" | "otlp"; readonly url: string; readonly key?: string };

const seconds = 6;
/** Of each server before its figures count: both are measured in their steady state. */
const warmUpSeconds = 4;
const singles = { events: 1, connections: 64 };
const batches = { events: 100, connections: 16 };

/**
 * Events over HTTP into Kafka, answered after acks=all: ours validates each event, encodes it as Avro and writes it under its
 * own key; the OpenTelemetry Collector writes one record a request and looks at nothing. The limit is Kafka's own producer.
 */
export async function run({ rounds, say }: BenchOptions): Promise<BenchResult> {
  say("preparing: the OpenTelemetry Collector, Kafka's performance tool, a Kafka and a registry of our own");
  // Figures of a machine that was busy with something else are worth nothing; the reader sees it here.
  const loadAverageBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const collector = await buildOtelCollector();
  const tools = await fetchKafkaTools();
  const dir = mkdtempSync(join(tmpdir(), "hailstream-bench-"));
  const stack = await startTestStack();
  try {
    const connection = connectKafka(
      readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }),
      silentLogger,
      "bench",
    );
    await ensureTopics(connection);
    await createBenchTopics(stack.kafka);

    const loads = new Map<string, Load[]>();
    const measure = async (name: string, side: Side, shape: typeof singles, round: number) => {
      const load = await runLoad(side, shape, round);
      const refused = Object.keys(load.statuses).filter((status) => !status.startsWith("2"));
      if (refused.length > 0 || load.requestsPerSecond === 0) {
        throw new Error(`${name}: not every request was taken: ${JSON.stringify(load.statuses)}`);
      }
      loads.set(name, [...(loads.get(name) ?? []), load]);
      return shape.events === 1 ? load.requestsPerSecond : load.eventsPerSecond;
    };
    const ours = (shape: typeof singles, name: string) => async (round: number) => {
      const server = await startOurs(dir, stack.kafka, stack.registry);
      try {
        return await measure(
          name,
          { format: "cloudevents", url: `${server.url}/v1/events`, key: server.key },
          shape,
          round,
        );
      } finally {
        await server.stop();
      }
    };
    const peer = (shape: typeof singles, name: string) => async (round: number) => {
      const port = await freePort();
      const config = join(dir, "collector.yaml");
      writeFileSync(config, collectorConfig(port, stack.kafka));
      const server = startProcess(collector, ["--config", config]);
      try {
        await untilAnswers(`http://127.0.0.1:${port}/`, server);
        return await measure(name, { format: "otlp", url: `http://127.0.0.1:${port}/v1/logs` }, shape, round);
      } finally {
        await server.stop();
      }
    };
    const contenders = [
      { name: "ours singles", run: ours(singles, "ours singles") },
      { name: "peer singles", run: peer(singles, "peer singles") },
      { name: "ours batches", run: ours(batches, "ours batches") },
      { name: "peer batches", run: peer(batches, "peer batches") },
      { name: "limit", run: () => producerPerformance(tools, stack.kafka, "bench-limit") },
    ];
    // A broker that has just started compiles its code under the first loads; whoever comes first would pay for all.
    await runRounds(contenders, 1, (line) => say(`not counted: ${line}`));
    loads.clear();
    const figures = await runRounds(contenders, rounds, say);
    const of = (name: string) => figures[name]?.median ?? Number.NaN;
    const side = (name: string) => ({
      singles: { requestsPerSecond: of(`${name} singles`), ...latencies(loads.get(`${name} singles`)) },
      batches: { eventsPerSecond: of(`${name} batches`), ...latencies(loads.get(`${name} batches`)) },
    });
    return {
      bench: "ingest",
      conditions: conditions({
        loadAverageBefore,
        processes: availableParallelism(),
        rounds,
        roundsNotCounted: 1,
        warmUpSeconds,
        seconds,
        singles,
        batches,
        eventBytes: 250,
        acks: "all",
        brokers: 1,
      }),
      ours: side("ours"),
      peer: side("peer"),
      limit: { producerPerformanceRecordsPerSecond: of("limit") },
      ratio: {
        peer: {
          singles: ratio(of("ours singles"), of("peer singles")),
          batches: ratio(of("ours batches"), of("peer batches")),
        },
        limit: ratio(of("ours batches"), of("limit")),
      },
    };
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The peer writes a whole request as one record and several of them as one batch: its recipe asks for large messages. */
async function createBenchTopics(broker: string): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = [{ name: "max.message.bytes", value: "10000000" }];
  const topics = ["otlp", "bench-limit"].map((topic) => ({ topic, numPartitions: 6, configEntries }));
  await admin.createTopics({ waitForLeaders: false, topics });
  const names = topics.map(({ topic }) => topic);
  // Just created, a topic is not known to every request at once.
  await eventually(() => admin.fetchTopicMetadata({ topics: names }), { timeoutMs: 30_000, everyMs: 200 });
  await admin.disconnect();
}

async function startOurs(dir: string, kafka: string, registry: string) {
  const key = "hsk_bench";
  const file = join(dir, "keys.json");
  writeFileSync(file, JSON.stringify([{ name: "bench", sha256: hashApiKey(key) }]));
  const port = await freePort();
  const server = startStation([
    "ingest",
    ...["--ingest-port", String(port), "--ingest-api-keys-file", file],
    // The peer uses every processor too.
    ...["--ingest-processes", String(availableParallelism())],
    ...["--kafka-brokers", kafka, "--registry-url", registry, "--log-level", "warn"],
  ]);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/ready`, server, (status) => status === 200);
  return { ...server, url, key };
}

async function runLoad(side: Side, shape: typeof singles, seed: number): Promise<Load> {
  const flags = {
    url: side.url,
    format: side.format,
    events: shape.events,
    connections: shape.connections,
    seconds,
    warmup: warmUpSeconds,
    seed,
    ...(side.key === undefined ? {} : { key: side.key }),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return JSON.parse(await capture(process.execPath, ["bench/ingest-load.ts", ...args])) as Load;
}

/** The middle run's latencies would hide a bad round: the worst p99 is given. */
function latencies(loads: readonly Load[] = []) {
  return { p50Ms: Math.max(...loads.map((load) => load.p50Ms)), p99Ms: Math.max(...loads.map((load) => load.p99Ms)) };
}
