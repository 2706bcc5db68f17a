import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

export const auditOptions = defineOptions("audit", {
  metricsHost: {
    schema: z.string().min(1),
    default: "127.0.0.1",
    description: "The address where /live, /ready and /metrics of hailstream audit --watch answer.",
  },
  metricsPort: {
    schema: z.coerce.number().int().min(0).max(65_535),
    default: "8088",
    description: "The port where /live, /ready and /metrics of hailstream audit --watch answer; 0 takes a free one.",
  },
  groupId: {
    schema: z.string().min(1).max(200),
    default: "hailstream-audit",
    description:
      "Names the counting of topics in Kafka (its consumer group) and in pipeline.checkpoints; under another name everything would be counted once more.",
  },
  everyMs: {
    schema: z.coerce.number().int().min(100),
    default: "15000",
    unit: "ms",
    description:
      "How long an audit waits behind the one before; at least four times as long as that one took, so it needs a fifth of a core at most.",
  },
  lagEveryMs: {
    schema: z.coerce.number().int().min(100),
    default: "10000",
    unit: "ms",
    description: "How often the lag of the consumers and the dead letters of the sinks are looked at.",
  },
  groupPrefix: {
    schema: z.string().min(1),
    default: "hailstream-",
    description: "The lag of consumer groups whose names begin so is measured.",
  },
});

export type AuditOptions = ValuesOf<typeof auditOptions>;
