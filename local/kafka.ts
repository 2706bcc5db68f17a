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

/**
 * One Kafka node in KRaft mode on 127.0.0.1, ready when it answers clients. Its data stands in `<dataDir>/kafka` and survives
 * a restart and a kill.
 */
export function createKafka(context: PartContext): ChildService {
  const { dataDir, ports, env } = context;
  const home = join(dataDir, "kafka");
  const settings = join(home, "server.properties");
  const logging = join(home, "log4j2.properties");
  const java = javaFrom(env);
  const classpath = join(kafkaLibraries(context.cacheDir), "*");

  return createChildService(
    {
      name: "Kafka",
      command: java,
      // Eight hundred megabytes carry a hundred thousand records a second on one node; the page cache does the rest.
      args: [
        "-Xms256m",
        "-Xmx768m",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        `-Dlog4j2.configurationFile=${logging}`,
        "-cp",
        classpath,
        "kafka.Kafka",
        settings,
      ],
      env,
      logFile: join(dataDir, "logs", "kafka.log"),
      pidFile: join(dataDir, "run", "kafka.pid"),
      maxFailedRestarts: 8,
      async beforeStart() {
        await requireFreePort("Kafka", ports.kafka);
        await requireFreePort("Kafka's controller", ports.kafkaController);
        mkdirSync(home, { recursive: true });
        writeFileSync(settings, serverProperties(join(home, "data"), ports.kafka, ports.kafkaController));
        writeFileSync(logging, loggingProperties);
        if (!existsSync(join(home, "data", "meta.properties"))) await format(java, classpath, logging, settings, env);
      },
      isReady: ({ written }) => written().includes("Kafka Server started"),
      explain,
    },
    context.log,
    context.abort,
  );
}

async function format(java: string, classpath: string, logging: string, settings: string, env: PartContext["env"]) {
  const clusterId = Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url");
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

const serverProperties = (data: string, port: number, controllerPort: number) => `# Written at each start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${data}
auto.create.topics.enable=false
log.message.timestamp.type=CreateTime
message.max.bytes=2097152
# One node can hold one copy of anything.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=12
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
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
