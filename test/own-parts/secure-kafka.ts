import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kafkaLibraries } from "../../local/artefacts.ts";
import { type ChildService, cacheDirFrom, createChildService, type Ports } from "../../local/index.ts";
import { silentLogger } from "../../runtime/index.ts";
import type { Certificates } from "./certificates.ts";

export const kafkaUser = { name: "pipeline", password: "word-of-the-pipeline" } as const;

/** A broker as a company runs it: clients come by TLS and sign in by SCRAM-SHA-512 or PLAIN, and in no other way. */
export function createSecureKafka(folder: string, ports: Ports, { keyAndCert }: Certificates): ChildService {
  mkdirSync(folder, { recursive: true });
  const settings = join(folder, "server.properties");
  writeFileSync(settings, propertiesOf(join(folder, "data"), ports, keyAndCert));
  const logging = join(folder, "log4j2.properties");
  writeFileSync(logging, loggingProperties);
  const java = [
    "-Xmx512m",
    `-Dlog4j2.configurationFile=${logging}`,
    "-cp",
    join(kafkaLibraries(cacheDirFrom(process.env)), "*"),
  ];
  const scram = `SCRAM-SHA-512=[name=${kafkaUser.name},password=${kafkaUser.password}]`;
  const format = ["kafka.tools.StorageTool", "format", "--cluster-id=aGFpbHN0cmVhbS1sb2NhbA", "-c", settings];
  execFileSync("java", [...java, ...format, "--add-scram", scram], { stdio: "pipe" });
  return createChildService(
    {
      name: "Kafka with TLS and SASL",
      command: "java",
      args: [...java, "kafka.Kafka", settings],
      env: process.env,
      logFile: join(folder, "kafka.log"),
      pidFile: join(folder, "kafka.pid"),
      isReady: ({ written }) => written().includes("Kafka Server started"),
    },
    silentLogger,
  );
}

const login = (kind: string) => `org.apache.kafka.common.security.${kind}LoginModule required`;

// The broker talks to itself by a door of its own.
const propertiesOf = (data: string, ports: Ports, keyAndCert: string) => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.kafkaController}
listeners=CLIENTS://127.0.0.1:${ports.kafka},INSIDE://127.0.0.1:${ports.streamMetrics},CONTROLLER://127.0.0.1:${ports.kafkaController}
advertised.listeners=CLIENTS://127.0.0.1:${ports.kafka},INSIDE://127.0.0.1:${ports.streamMetrics}
listener.security.protocol.map=CLIENTS:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
ssl.keystore.type=PEM
ssl.keystore.location=${keyAndCert}
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config=${login("scram.Scram")};
listener.name.clients.plain.sasl.jaas.config=${login("plain.Plain")} user_${kafkaUser.name}="${kafkaUser.password}";
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`;

/** Without it Kafka would say nothing, not even that it is ready. */
const loggingProperties = `
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
`;
