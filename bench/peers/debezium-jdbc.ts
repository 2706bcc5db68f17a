import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fetchJars } from "../fetch-jars.ts";
import { type Running, startProcess } from "../processes.ts";

const folder = join(import.meta.dirname, "debezium-jdbc");

/** Fetches Kafka Connect and the Debezium sink by Maven into the cache, unless they are there already, and gives the class path. */
export function fetchDebezium(): Promise<string> {
  return fetchJars(folder, join("peers", "debezium-jdbc", "libs"), "debezium-connector-jdbc-3.5.0.Final.jar");
}

/** Starts the sink in a directory of its own, with its properties as they are but for addresses and names. */
export function startDebezium(parts: {
  readonly classPath: string;
  readonly dir: string;
  readonly broker: string;
  /** The base address of the registry's Confluent API; the converter speaks the registry's own, beside it. */
  readonly registry: string;
  readonly postgres: string;
  readonly restPort: number;
  readonly topic: string;
  readonly table: string;
  readonly round: number;
}): Running {
  const { dir, round } = parts;
  const database = new URL(parts.postgres);
  const jdbc = `jdbc:postgresql://${database.host}${database.pathname}?reWriteBatchedInserts=true`;
  const worker = writeProperties(join(dir, "worker.properties"), {
    "bootstrap.servers": parts.broker,
    listeners: `HTTP://127.0.0.1:${parts.restPort}`,
    "value.converter.apicurio.registry.url": `${new URL(parts.registry).origin}/apis/registry/v2`,
    "offset.storage.file.filename": join(dir, `offsets-${round}`),
  });
  const sink = writeProperties(join(dir, "sink.properties"), {
    // The name is also that of the consumer group: another one a round, so that each begins at the first record.
    name: `debezium-jdbc-${round}`,
    topics: parts.topic,
    "connection.url": jdbc,
    "connection.username": decodeURIComponent(database.username),
    "connection.password": decodeURIComponent(database.password),
    "collection.name.format": parts.table,
  });
  const args = ["-Xmx1g", "-cp", parts.classPath, "org.apache.kafka.connect.cli.ConnectStandalone", worker, sink];
  return startProcess("java", args, { cwd: dir });
}

function writeProperties(file: string, changes: Readonly<Record<string, string>>): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const kept = readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((line) => !Object.keys(changes).some((key) => line.startsWith(`${key}=`)));
  const changed = Object.entries(changes).map(([key, value]) => `${key}=${value}`);
  writeFileSync(file, [...kept, ...changed, ""].join("\n"), { mode: 0o600 });
  return file;
}
