import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

export const sinksOptions = defineOptions("sinks", {
  metricsHost: {
    schema: z.string(),
    default: "127.0.0.1",
    description: "The address that /live, /ready, /metrics and the connectors' API listen on.",
  },
  metricsPort: {
    schema: z.coerce.number().int().min(0).max(65_535),
    default: "8086",
    description: "The port of /live, /ready, /metrics and the connectors' API; 0 takes a free one.",
  },
  apiKey: {
    schema: z.string().min(16, "expected at least 16 characters"),
    secret: true,
    description:
      "The key that the connectors' API asks for, as bearer token or as the password of Basic; without it only requests from the same machine are answered.",
  },
  connectorsDir: {
    schema: z.string().min(1),
    description:
      "A folder of connector files of your own (*.yaml); one with the file name of a shipped one takes its place.",
  },
  groupId: {
    schema: z.string().min(1).max(200),
    default: "hailstream-sink-postgres",
    description:
      "Names the sink in Kafka (its consumer group) and in pipeline.checkpoints; another name starts from the beginning.",
  },
  quarantineGroupId: {
    schema: z.string().min(1).max(200),
    default: "hailstream-sink-quarantine",
    description:
      "Names the loading of the quarantine in Kafka and in pipeline.checkpoints; another name starts from the beginning.",
  },
  concurrency: {
    schema: z.coerce.number().int().min(1).max(16),
    default: "3",
    unit: "partitions",
    description: "Partitions that one process stores at the same time, each over a connection of its own.",
  },
  sessionTimeoutMs: {
    schema: z.coerce.number().int().min(1_000),
    default: "6000",
    unit: "ms",
    description: "After this long without a sign of life the partitions of a process go to the others.",
  },
  synchronousCommit: {
    schema: z.stringbool(),
    default: "false",
    description:
      "Whether a transaction waits for the disk. Not needed for exactness: rows and checkpoint are kept or lost together, and what is lost is read from Kafka again.",
  },
  circuitRecords: {
    schema: z.coerce.number().int().min(0),
    default: "100",
    unit: "records",
    description:
      "After so many records of a topic in a row that cannot be stored, the topic waits instead of going into the dead letters; 0 is never.",
  },
  maxFetchBytes: {
    schema: z.coerce.number().int().min(65_536),
    default: "5242880",
    unit: "bytes",
    description: "The most that one fetch brings over all partitions; bounds the memory under a backlog.",
  },
  maxPartitionFetchBytes: {
    schema: z.coerce.number().int().min(65_536),
    default: "2097152",
    unit: "bytes",
    description: "The most that one fetch brings of one partition, so also the size of one transaction.",
  },
});

export type SinksOptions = ValuesOf<typeof sinksOptions>;
