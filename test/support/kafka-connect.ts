import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, freePort, startProcess, untilAnswers } from "../../bench/processes.ts";
import { cacheDirFrom } from "../../local/index.ts";

const folder = join(import.meta.dirname, "kafka-connect");

export type KafkaConnect = { readonly url: string; readonly dir: string; stop(): Promise<void> };

/** Starts a worker of Kafka Connect, standalone and without connectors; Maven fetches it into the cache at the first call. */
export async function startKafkaConnect(kafka: string): Promise<KafkaConnect> {
  const libraries = join(cacheDirFrom(process.env), "test", "kafka-connect-4.1.2");
  if (!existsSync(join(libraries, "connect-file-4.1.2.jar"))) {
    mkdirSync(libraries, { recursive: true });
    const goal = ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${libraries}`];
    await capture("mvn", goal, { cwd: folder });
  }
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
  const settingsOfJava = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", join(libraries, "*")];
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
