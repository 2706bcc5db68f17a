import { join } from "node:path";
import { fetchJars } from "../fetch-jars.ts";
import { capture } from "../processes.ts";

/** Fetches Kafka's tools by Maven into the cache, unless they are there already, and gives the class path. */
export function fetchKafkaTools(): Promise<string> {
  return fetchJars(join(import.meta.dirname, "kafka-tools"), join("peers", "kafka-tools"), "kafka-tools-4.3.1.jar");
}

/** Records a second of 200 bytes that Kafka's own producer writes with acks=all. */
export async function producerPerformance(classPath: string, broker: string, topic: string): Promise<number> {
  const output = await capture("java", [
    ...["-cp", classPath, "-Xmx512m", "org.apache.kafka.tools.ProducerPerformance"],
    ...["--topic", topic, "--num-records", "2000000", "--record-size", "200", "--throughput", "-1"],
    ...["--producer-props", `bootstrap.servers=${broker}`, "acks=all"],
  ]);
  const last = output.trim().split("\n").at(-1) ?? "";
  const figure = /([\d.]+) records\/sec/.exec(last)?.[1];
  if (figure === undefined) throw new Error(`ProducerPerformance did not give a figure: ${last}`);
  return Number(figure);
}
