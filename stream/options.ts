import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/index.ts";

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

export const streamOptions = defineOptions("stream", {
  metricsHost: {
    schema: z.string().min(1),
    default: "127.0.0.1",
    description: "The address where /live, /ready and /metrics answer.",
  },
  metricsPort: {
    schema: whole(0, 65_535),
    default: "8085",
    description: "The port where /live, /ready and /metrics answer; 0 takes a free one.",
  },
  flows: {
    schema: z
      .string()
      .min(1)
      .transform((text) => text.split(",")),
    description: "The flows that this process runs, with commas between; all of them when not given.",
  },
  groupPrefix: {
    schema: z.string().min(1),
    default: "hailstream-",
    description:
      "In front of a flow's name it is the consumer group of the flow; processes of one group share the work.",
  },
  concurrency: {
    schema: whole(1, 64),
    default: "3",
    unit: "partitions",
    description: "Partitions of one flow that are handled at the same time; each holds its batch in memory.",
  },
});

export type StreamOptions = ValuesOf<typeof streamOptions>;
