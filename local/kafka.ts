import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PipelineError } from "../runtime/index.ts";
import { javaFrom, kafkaLibraries } from "./artefacts.ts";
import { type ChildService, createChildService } from "./child-process.ts";
import type { PartContext } from "./part.ts";
import { requireFreePort } from "./ports.ts";

/** Eight hundred megabytes carry a hundred thousand records a second on one node; the page cache does the rest. */
const forThroughput = ["-Xms256m", "-Xmx768m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];
/** Several nodes on one machine are there to be broken, and start together. */
const forQuickStart = ["-Xms192m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/** One of several nodes, each broker and controller, that keep three copies of everything. */
export type KafkaNode = {
  readonly id: number;
  /** The same for all nodes, as {@link createClusterId} makes it. */
  readonly clusterId: string;
  /** The port of each node's controller, in the order of the ids, which begin at 1. */
  readonly controllerPorts: readonly number[];
  /** Where the other nodes reach it. */
  readonly internalPort: number;
  /** Where it listens for clients. */
  readonly port: number;
  /** Where clients are told to reach it: something may stand between. */
  readonly advertisedPort: number;
};

export function createClusterId(): string {
  return Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url");
}

/**
 * A Kafka node in KRaft mode on 127.0.0.1, ready when it answers clients. Its data stands in `<dataDir>/kafka` and survives
 * a restart and a kill. Alone if nothing else is said; the `node`s of a cluster have to be started at the same time, for none is ready alone.
 */
export function createKafka(context: PartContext, node?: KafkaNode): ChildService {
  const { dataDir, ports, env } = context;
  const title = node === undefined ? "Kafka" : `Kafka ${node.id}`;
  const label = node === undefined ? "kafka" : `kafka-${node.id}`;
  const home = join(dataDir, label);
  const settings = join(home, "server.properties");
  const logging = join(home, "log4j2.properties");
  const java = javaFrom(env);
  const classpath = join(kafkaLibraries(context.cacheDir), "*");

  return createChildService(
    {
      name: title,
      command: java,
      args: [
        ...(node === undefined ? forThroughput : forQuickStart),
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        `-Dlog4j2.configurationFile=${logging}`,
        "-cp",
        classpath,
        "kafka.Kafka",
        settings,
      ],
      env,
      logFile: join(dataDir, "logs", `${label}.log`),
      pidFile: join(dataDir, "run", `${label}.pid`),
      maxFailedRestarts: 8,
      async beforeStart() {
        const listeners =
          node === undefined ? aloneListeners(ports.kafka, ports.kafkaController) : clusterListeners(node);
        for (const [what, port] of listeners.listens) await requireFreePort(`${title}${what}`, port);
        mkdirSync(home, { recursive: true });
        writeFileSync(settings, [listeners.text, sharedProperties(join(home, "data")), copies(node)].join(""));
        writeFileSync(logging, loggingProperties);
        if (existsSync(join(home, "data", "meta.properties"))) return;
        await format({ java, classpath, logging, settings, env }, node?.clusterId ?? createClusterId());
      },
      isReady: ({ written }) => written().includes("Kafka Server started"),
      explain,
    },
    context.log,
    context.abort,
  );
}

type Tool = {
  readonly java: string;
  readonly classpath: string;
  readonly logging: string;
  readonly settings: string;
  readonly env: PartContext["env"];
};

async function format({ java, classpath, logging, settings, env }: Tool, clusterId: string) {
  // One word: an id may begin with "-", and as a word of its own it would be taken for a flag.
  const tool = ["-cp", classpath, "kafka.tools.StorageTool", "format", `--cluster-id=${clusterId}`, "-c", settings];
  // A format that was cut short left a part behind: --ignore-formatted completes it.
  const args = ["-Xshare:auto", "-XX:TieredStopAtLevel=1", `-Dlog4j2.configurationFile=${logging}`, ...tool];
  await promisify(execFile)(java, [...args, "--ignore-formatted"], { env: { ...env } }).catch((cause: unknown) => {
    throw new PipelineError("local_start_failed", { message: "Kafka's storage could not be formatted", cause });
  });
}

function explain(written: string): PipelineError | undefined {
  if (/No space left on device/.test(written))
    return new PipelineError("local_disk_full", { fields: { part: "Kafka" } });
  if (/Failed to acquire lock on file/.test(written)) {
    return new PipelineError("local_data_in_use", { message: "Another Kafka uses the data directory" });
  }
  if (/UnsupportedClassVersionError/.test(written)) return new PipelineError("local_java_unusable");
  return undefined;
}

type Listeners = { readonly text: string; readonly listens: readonly (readonly [what: string, port: number])[] };

const aloneListeners = (port: number, controllerPort: number): Listeners => ({
  listens: [
    ["", port],
    ["'s controller", controllerPort],
  ],
  text: `# Written at each start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
`,
});

function clusterListeners({ id, controllerPorts, internalPort, port, advertisedPort }: KafkaNode): Listeners {
  const controllerPort = controllerPorts[id - 1] ?? 0;
  const voters = controllerPorts.map((each, index) => `${index + 1}@127.0.0.1:${each}`);
  return {
    listens: [
      ["", port],
      ["'s port for the other nodes", internalPort],
      ["'s controller", controllerPort],
    ],
    text: `# Written at each start.
process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${voters.join(",")}
listeners=PLAINTEXT://127.0.0.1:${port},INTERNAL://127.0.0.1:${internalPort},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${advertisedPort},INTERNAL://127.0.0.1:${internalPort}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
`,
  };
}

/** One node can hold one copy of anything. Of three, one may go: an acknowledged record is on two, and none that lags becomes the leader. */
const copies = (node: KafkaNode | undefined) => {
  const [factor, least] = node === undefined ? [1, 1] : [3, 2];
  return `default.replication.factor=${factor}
min.insync.replicas=${least}
offsets.topic.replication.factor=${factor}
transaction.state.log.replication.factor=${factor}
transaction.state.log.min.isr=${least}
share.coordinator.state.topic.replication.factor=${factor}
share.coordinator.state.topic.min.isr=${least}
unclean.leader.election.enable=false
${node === undefined ? "" : clusterProperties}`;
};

const clusterProperties = `# A copy that stands still leaves the set that an acknowledgement waits for.
replica.lag.time.max.ms=5000
# Leaders go back to where they belong soon after a node has come back.
leader.imbalance.check.interval.seconds=10
leader.imbalance.per.broker.percentage=0
`;

const sharedProperties = (data: string) => `log.dirs=${data}
auto.create.topics.enable=false
log.message.timestamp.type=CreateTime
message.max.bytes=2097152
offsets.topic.num.partitions=12
transaction.state.log.num.partitions=6
# A consumer group of one machine is complete at once.
group.initial.rebalance.delay.ms=0
# After a kill the node may register again only when its earlier session has run out, so the session is short.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.cleaner.dedupe.buffer.size=33554432
log.segment.bytes=268435456
log.index.size.max.bytes=2097152
`;

const loggingProperties = `# Written at each start. Only what someone must know, and the line that says that Kafka is ready.
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
logger.started.name = org.apache.kafka.common.utils.AppInfoParser
logger.started.level = error
`;
