import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchJars } from "../../bench/fetch-jars.ts";
import { freePort, startProcess, untilAnswers } from "../../bench/processes.ts";

export type KafkaConnect = { readonly url: string; readonly dir: string; stop(): Promise<void> };

/** Starts a worker of Kafka Connect, standalone and without connectors; Maven fetches it into the cache at the first call. */
export async function startKafkaConnect(kafka: string): Promise<KafkaConnect> {
  const classPath = await fetchJars(
    join(import.meta.dirname, "kafka-connect"),
    join("test", "kafka-connect-4.1.2-log4j"),
    "log4j-slf4j-impl-2.25.5.jar",
  );
  const dir = mkdtempSync(join(tmpdir(), "hailstream-kafka-connect-"));
  const url = `http://127.0.0.1:${await freePort()}`;
  const settings = {
    "bootstrap.servers": kafka,
    listeners: url,
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
    "offset.storage.file.filename": join(dir, "offsets"),
    "plugin.discovery": "service_load",
  };
  const worker = join(dir, "worker.properties");
  writeFileSync(
    worker,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const settingsOfJava = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", classPath];
  const running = startProcess("java", [...settingsOfJava, "org.apache.kafka.connect.cli.ConnectStandalone", worker], {
    cwd: dir,
  });
  await untilAnswers(`${url}/connectors`, running, (status) => status === 200);
  return {
    url,
    dir,
    async stop() {
      await running.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
