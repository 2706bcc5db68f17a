import { z } from "zod";
import { defineOptions, type ValuesOf } from "../../runtime/options.ts";

export const lakeOptions = defineOptions("lake", {
  dir: {
    schema: z.string().min(1).optional(),
    description: "The folder that the files go to; either this or --lake-s3-bucket.",
  },
  s3Bucket: {
    schema: z.string().min(3).max(63).optional(),
    description:
      "The bucket that the files go to. Credentials come from the environment, as for every program of the AWS SDK.",
  },
  s3Prefix: {
    schema: z.string().regex(/^([\w.=-]+\/)*$/, "expected nothing, or folders that each end with a slash"),
    default: "",
    description: "In front of all paths in the bucket, such as rides/.",
  },
  s3Endpoint: {
    schema: z.url().optional(),
    description: "The address of a service with the protocol of S3 that is not Amazon's.",
  },
  s3Region: {
    schema: z.string().min(1),
    default: "us-east-1",
    description: "The region of the bucket.",
  },
  groupId: {
    schema: z.string().min(1).max(200),
    default: "hailstream-lake",
    description: "Names the lake in Kafka and in pipeline.checkpoints; another name starts from the beginning.",
  },
  types: {
    schema: z.string().transform((text) =>
      text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== ""),
    ),
    default: "",
    description: "The event types that go into the lake, with commas between; empty: all.",
  },
  maxAgeMs: {
    schema: z.coerce.number().int().min(100).max(86_400_000),
    default: "300000",
    unit: "ms",
    description: "The longest that an event waits before its file is written. Longer makes fewer and larger files.",
  },
  maxRows: {
    schema: z.coerce.number().int().min(1).max(10_000_000),
    default: "100000",
    unit: "events",
    description: "With this many events of a partition its files are written.",
  },
  maxBufferBytes: {
    schema: z.coerce.number().int().min(65_536),
    default: "8388608",
    unit: "bytes",
    description:
      "Events, as Kafka has them, that may wait in memory over all partitions; above, the largest partition is written. An event takes about ten times as much memory as bytes.",
  },
  concurrency: {
    schema: z.coerce.number().int().min(1).max(16),
    default: "2",
    unit: "partitions",
    description: "Partitions that are handled at the same time.",
  },
  sessionTimeoutMs: {
    schema: z.coerce.number().int().min(1_000),
    default: "6000",
    unit: "ms",
    description: "After this long without a sign of life the partitions of a process go to the others.",
  },
  metricsHost: {
    schema: z.string(),
    default: "127.0.0.1",
    description: "The address that /live, /ready and /metrics listen on.",
  },
  metricsPort: {
    schema: z.coerce.number().int().min(0).max(65_535),
    default: "8089",
    description: "The port of /live, /ready and /metrics; 0 takes a free one.",
  },
});

export type LakeOptions = ValuesOf<typeof lakeOptions>;
