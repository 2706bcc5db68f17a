import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AvroRecord } from "../../schemas/index.ts";
import { fetchJars } from "../fetch-jars.ts";
import { capture } from "../processes.ts";

export type Guarantee = "exactly_once_v2" | "at_least_once";

/** Fetches Kafka Streams by Maven into the cache, unless it is there already, and gives the class path. */
export function fetchKafkaStreams(): Promise<string> {
  return fetchJars(
    join(import.meta.dirname, "kafka-streams"),
    join("peers", "kafka-streams", "libs"),
    "kafka-streams-4.3.1.jar",
  );
}

/**
 * The schema that the peer reads our records with. Avro bytes hold no names, so its own names for the position are given to
 * our fields.
 */
export function writePeerSchema(file: string, schema: AvroRecord): string {
  const names: Readonly<Record<string, string>> = { latitude: "lat", longitude: "lng" };
  const fields = schema.fields.map((field) => ({ ...field, name: names[field.name] ?? field.name }));
  writeFileSync(file, JSON.stringify({ ...schema, fields }));
  return file;
}

/** Records a second of the same job on Kafka Streams, from its first record to its last. */
export async function runKafkaStreams(parts: {
  readonly classPath: string;
  readonly broker: string;
  readonly guarantee: Guarantee;
  readonly threads: number;
  readonly from: string;
  readonly to: string;
  readonly schemaFile: string;
  readonly records: number;
}): Promise<number> {
  const { guarantee, threads, from, to, schemaFile, records } = parts;
  return runJava(parts, "EnrichPeer.java", [guarantee, String(threads), from, to, schemaFile, String(records)]);
}

/** Records a second of a count by key and minute, from its first result to its last. */
export async function runWindowPeer(parts: {
  readonly classPath: string;
  readonly broker: string;
  readonly guarantee: Guarantee;
  readonly threads: number;
  readonly from: string;
  readonly to: string;
  readonly results: number;
  readonly records: number;
}): Promise<number> {
  const { guarantee, threads, from, to, results, records } = parts;
  return runJava(parts, "WindowPeer.java", [guarantee, String(threads), from, to, String(results), String(records)]);
}

async function runJava(
  { classPath, broker }: { readonly classPath: string; readonly broker: string },
  program: string,
  args: readonly string[],
): Promise<number> {
  const source = join(import.meta.dirname, "kafka-streams", program);
  const command = [`BROKERS=${broker}`, "java", "-cp", classPath, source, ...args];
  const output = await capture("env", command, { cwd: import.meta.dirname });
  const figure = /(\d+) records\/s/.exec(output)?.[1];
  if (figure === undefined) throw new Error(`Kafka Streams did not give a figure: ${output}`);
  return Number(figure);
}
