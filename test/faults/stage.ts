import { connectKafka, createProducer, kafkaOptions } from "../../kafka/index.ts";
import { createMetrics, readOptions } from "../../runtime/index.ts";
import { createEndpoint } from "../../sinks/webhook/index.ts";
import { createDatabase } from "../../store/index.ts";
import { createApps } from "./apps.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { carrierTopics, type Place } from "./gather.ts";
import type { Victims } from "./inject.ts";
import type { Process } from "./plan.ts";
import { createPoison } from "./poison.ts";
import { startReceiver } from "./receiver.ts";
import { startWitness, type Witness } from "./witness.ts";

export type StageOptions = {
  readonly seed: number;
  /** How many events the apps send at most. */
  readonly events: number;
  readonly abort: AbortSignal;
  /** Whose disks are to be full at some time. */
  readonly ownDisks?: ReadonlySet<Process>;
  /** Keeps data and logs for whoever wants to know why. */
  readonly keepData?: boolean;
  /** Hears what goes on, for people. */
  say(line: string): void;
};

/** All that a run needs, running: the cluster, the apps before their first event, a receiver of webhooks, and a reader that notes what it is given. */
export type Stage = Victims & {
  readonly place: Place;
  readonly receiver: Awaited<ReturnType<typeof startReceiver>>;
  readonly witness: Witness;
};

/** Sets the stage, plays, and leaves no process behind, whatever happens. */
export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const { seed, events, abort, say } = options;
  const began = performance.now();
  const cluster = await startCluster(abort, options.ownDisks);
  const { log, doors, apiKey } = cluster;
  say(`${cluster.processes.size} processes run (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
  if (options.keepData === true) say(`data and logs: ${cluster.dataDir}`);
  const cleanups: (() => Promise<void> | void)[] = [];
  try {
    const env = { HAILSTREAM_KAFKA_BROKERS: cluster.kafka };
    const connection = connectKafka(readOptions(kafkaOptions, { env }), log, "faults");
    const receiver = await startReceiver();
    cleanups.push(receiver.stop);
    await addEndpoint(cluster, receiver.url);
    const witness = await startWitness(connection, carrierTopics, log);
    cleanups.push(witness.stop);
    const metrics = createMetrics();
    const producer = createProducer({ name: "faults", connection, metrics, log, deliveryTimeoutMs: 60_000 });
    cleanups.push(producer.stop);
    await producer.start(() => undefined);
    const apps = createApps({ seed, events, doors, apiKey });
    abort.addEventListener("abort", apps.stop);
    cleanups.push(() => {
      abort.removeEventListener("abort", apps.stop);
      apps.close();
    });
    const poison = createPoison(seed, producer, witness);
    const place = { connection, postgres: cluster.postgres, doors };
    return await play({ cluster, connection, place, receiver, witness, apps, poison });
  } finally {
    const cleanUp = () => Promise.allSettled(cleanups.map((cleanup) => cleanup()));
    // Who breaks a run off does not wait until a consumer has said good-bye.
    if (!abort.aborted) await cleanUp();
    await cluster.end({ keepData: options.keepData === true });
    if (abort.aborted) await cleanUp();
  }
}

async function addEndpoint({ postgres, log }: Cluster, url: string): Promise<void> {
  const db = createDatabase({ name: "faults", url: postgres, log, metrics: createMetrics() });
  await db.start(() => undefined);
  await createEndpoint(db, { url, name: "faults", rate_per_second: 1_000 });
  await db.stop();
}
