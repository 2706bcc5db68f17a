import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { connectKafka, ensureTopics, kafkaOptions } from "../kafka/index.ts";
import { createMetrics, nodeFlags, readOptions, silentLogger } from "../runtime/index.ts";
import { createSchemas, schemaOptions } from "../schemas/index.ts";
import { migrate } from "../store/index.ts";
import { startTestStack } from "../test/support/stack.ts";
import type { BenchOptions, BenchResult } from "./contract.ts";
import {
  fetchKafkaStreams,
  type Guarantee,
  runKafkaStreams,
  runWindowPeer,
  writePeerSchema,
} from "./peers/kafka-streams.ts";
import { type Running, startProcess, startStation } from "./processes.ts";
import { peakResidentMb } from "./resident.ts";
import { conditions, ratio, runRounds } from "./rounds.ts";
import { drivers, writeStreamData } from "./stream-data.ts";
import { writeWindowedData } from "./windowed-data.ts";

const source = "driver-locations";

/**
 * Enrichment from topic to topic. Ours is the program as it runs in production with one flow: driver, vehicle, H3 cell and
 * city, acks=all, idempotent, offsets after the acknowledgement. The peer is the same job on Kafka Streams without city and
 * vehicle profile, in one process too, with the guarantee that it is named for. The limit is our kafka/ with no step between.
 *
 * Beside it a count by driver and minute with one final result each, exactly once on both sides: our memory is in Postgres, the peer's in RocksDB and
 * a changelog topic.
 */
export async function run({ rounds, records, say }: BenchOptions): Promise<BenchResult> {
  say("preparing: Kafka Streams, a Kafka and a registry of our own, and the records");
  const classPath = await fetchKafkaStreams();
  const dir = mkdtempSync(join(tmpdir(), "hailstream-bench-"));
  const stack = await startTestStack();
  const admin = new Kafka({ brokers: [stack.kafka], logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    const connection = connectKafka(
      readOptions(kafkaOptions, { flags: { "kafka-brokers": stack.kafka } }),
      silentLogger,
    );
    await ensureTopics(connection);
    const registry = { "registry-url": stack.registry, "registry-cache-dir": join(dir, "schemas") };
    const options = readOptions(schemaOptions, { flags: registry });
    const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
    await schemas.start((cause) => {
      throw cause;
    });
    await writeStreamData(connection, schemas, records);
    const location = schemas.catalogue.types.get("driver.location");
    if (location === undefined) throw new Error("there is no type driver.location");
    const schemaFile = writePeerSchema(join(dir, "location.avsc"), location.schema);
    await schemas.stop();

    const topicOf = async (name: string) => {
      await ensureTopics(connection, [{ name, partitions: 6, cleanup: "delete" }]);
      return name;
    };
    const peer = (guarantee: Guarantee, threads: number) => async (round: number) => {
      const to = await topicOf(`peer-${guarantee}-${round}`);
      const figure = await runKafkaStreams({
        ...{ classPath, broker: stack.kafka, guarantee, threads, from: source, to, schemaFile, records },
      });
      await admin.deleteTopics({ topics: [to] });
      return figure;
    };
    let residentMb = 0;
    const ours = async (round: number) => {
      const to = "driver-locations-enriched";
      const program = startStation([
        ...["stream", "--stream-flows", "enrich-driver-locations", "--stream-metrics-port", "0"],
        ...["--stream-group-prefix", `bench-${round}-`, "--kafka-brokers", stack.kafka, "--log-level", "warn"],
        ...["--registry-url", stack.registry, "--registry-cache-dir", join(dir, "schemas")],
      ]);
      return await measure(program, to, records, (mb) => {
        residentMb = Math.max(residentMb, mb);
      });
    };
    const limit = async (round: number) => {
      const to = await topicOf(`pass-through-${round}`);
      const args = ["bench/stream-pass-through.ts", stack.kafka, source, to, `bench-limit-${round}`];
      const figure = await measure(startProcess(process.execPath, args), to, records);
      await admin.deleteTopics({ topics: [to] });
      return figure;
    };
    const measure = async (
      running: Running,
      topic: string,
      count: number,
      resident: (mb: number) => void = () => undefined,
    ) => {
      try {
        return await throughput(
          () => endOf(topic),
          count,
          () => {
            if (running.child.exitCode !== null) throw new Error(`the program ended with ${running.child.exitCode}`);
            resident(peakResidentMb(running.child.pid) ?? 0);
          },
        );
      } finally {
        await running.stop();
      }
    };
    const endOf = async (topic: string) =>
      (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);

    say("preparing: ten minutes of 5,000 drivers for the windowed count");
    await migrate(stack.postgres, silentLogger);
    const windowed = { records, drivers, partitions: 6 };
    const counted = await topicOf("windowed-source");
    const results = await writeWindowedData(connection, counted, windowed);
    const windowedPeer = async (round: number) => {
      const to = await topicOf(`windowed-peer-${round}`);
      const job = { classPath, broker: stack.kafka, guarantee: "exactly_once_v2", threads: 2 } as const;
      return runWindowPeer({ ...job, from: counted, to, results, records });
    };
    const windowedOurs = async (round: number) => {
      const to = await topicOf(`windowed-ours-${round}`);
      const args = [stack.kafka, counted, to, `windowed-${round}-`, stack.postgres];
      const program = startProcess(process.execPath, [...nodeFlags, "bench/windowed-count.ts", ...args]);
      return (await measure(program, to, results)) * (records / results);
    };

    const figures = await runRounds(
      [
        { name: "ours", run: ours },
        { name: "peer exactly_once_v2", run: peer("exactly_once_v2", 2) },
        { name: "peer at_least_once", run: peer("at_least_once", 1) },
        { name: "limit", run: limit },
        { name: "ours windowed", run: windowedOurs },
        { name: "peer windowed exactly_once_v2", run: windowedPeer },
      ],
      rounds,
      say,
    );
    const of = (name: string) => figures[name]?.median ?? Number.NaN;
    return {
      bench: "stream",
      conditions: conditions({ rounds, records, drivers, partitions: 6, brokers: 1, acks: "all" }),
      ours: {
        ...{ recordsPerSecond: of("ours"), residentMb, runs: figures.ours?.runs },
        windowedRecordsPerSecond: of("ours windowed"),
      },
      peer: {
        exactlyOnceRecordsPerSecond: of("peer exactly_once_v2"),
        atLeastOnceRecordsPerSecond: of("peer at_least_once"),
        windowedExactlyOnceRecordsPerSecond: of("peer windowed exactly_once_v2"),
      },
      limit: { passThroughRecordsPerSecond: of("limit") },
      ratio: {
        peer: {
          exactly_once: ratio(of("ours"), of("peer exactly_once_v2")),
          at_least_once: ratio(of("ours"), of("peer at_least_once")),
          windowed: ratio(of("ours windowed"), of("peer windowed exactly_once_v2")),
        },
        limit: ratio(of("ours"), of("limit")),
      },
    };
  } finally {
    await admin.disconnect();
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Records a second that reach a topic, from the first ones seen to the last: what counts is acknowledged, and the time
 * before a program has its reference data and its partitions does not.
 */
async function throughput(end: () => Promise<number>, records: number, check: () => void): Promise<number> {
  const before = await end();
  let first: { readonly at: number; readonly seen: number } | undefined;
  const deadline = Date.now() + 120_000;
  for (;;) {
    const seen = (await end()) - before;
    const at = performance.now();
    if (first === undefined && seen > 0) first = { at, seen };
    if (first !== undefined && seen >= records) return (records - first.seen) / ((at - first.at) / 1_000);
    check();
    if (Date.now() > deadline) throw new Error(`only ${seen} of ${records} records arrived in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
