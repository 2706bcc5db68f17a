import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

export const streamOptions = defineOptions("stream", {
  metricsHost: {
    schema: z.string().min(1),
    default: "127.0.0.1",
    description: "The address of /live, /ready, /metrics and the alerts' API.",
  },
  metricsPort: {
    schema: whole(0, 65_535),
    default: "8085",
    description: "The port of /live, /ready, /metrics and the alerts' API; 0 takes a free one.",
  },
  apiKey: {
    schema: z.string().min(16, "expected at least 16 characters"),
    secret: true,
    description:
      "The key that the alerts' API asks for, as bearer token or as the password of Basic; without it only requests from the same machine are answered.",
  },
  alertsDir: {
    schema: z.string().min(1),
    description:
      "A folder with alert rules of your own, next to those that ship; a file with the name of a shipped one takes its place.",
  },
  topology: {
    schema: z.string().min(1),
    description:
      "A TypeScript or JavaScript file with flows of your own, which run in place of those of the ride domain; see examples/orders.",
  },
  flows: {
    schema: z
      .string()
      .min(1)
      .transform((text) => text.split(",")),
    description: "The flows that this process runs, with commas between; those of --stream-kind when not given.",
  },
  kind: {
    schema: z.enum(["all", "stateless", "stateful"]),
    default: "all",
    description:
      "The flows that this process runs when --stream-flows names none: those without memory, whose records nobody should wait for, those with memory, or all.",
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
  sessionTimeoutMs: {
    schema: whole(6_000, 300_000),
    default: "6000",
    unit: "ms",
    description:
      "After this long without a sign of life the partitions of a process go to the others; so long events and alerts may wait when one is killed.",
  },
  profileVersions: {
    schema: whole(1, 1_000),
    default: "16",
    unit: "versions",
    description:
      "Versions of each driver's and vehicle's profile that are kept in memory, the newest; older events join the oldest of them.",
  },
  profileWaitMs: {
    schema: whole(0, 60_000),
    default: "200",
    unit: "ms",
    description:
      "How long after its arrival an event is held back for a profile that is missing, with those behind it; then it goes out flagged.",
  },
  profileReviseMs: {
    schema: whole(0, 30 * 24 * 3_600_000),
    default: "3600000",
    unit: "ms",
    description:
      "How long a flagged event is kept; when its profile comes in that time, it is enriched again under the same id.",
  },
  latenessMs: {
    schema: whole(0, 24 * 3_600_000),
    default: "60000",
    unit: "ms",
    description: "How far events of one partition may lie out of order and still be counted in time.",
  },
  idleMs: {
    schema: whole(1_000, 24 * 3_600_000),
    default: "30000",
    unit: "ms",
    description:
      "After this long without a record, time in a partition goes on by the clock, so that results come without traffic.",
  },
  capMs: {
    schema: whole(1_000, 24 * 3_600_000),
    default: "120000",
    unit: "ms",
    description:
      "Minutes of the marketplace are closed at the latest this long after their end by the clock, even when one of the processors they wait for has stopped.",
  },
  patienceMs: {
    schema: whole(1_000, 300_000),
    default: "120000",
    unit: "ms",
    description: "A request that no driver has accepted for this long counts as unmet demand.",
  },
  tripSettleMs: {
    schema: whole(0, 24 * 3_600_000),
    default: "60000",
    unit: "ms",
    description: "How long after a trip's end its account is made, by event time; so is a new one after later events.",
  },
  tripStuckMs: {
    schema: whole(60_000, 30 * 24 * 3_600_000),
    default: "21600000",
    unit: "ms",
    description: "A trip without an end of which nothing was heard for this long is told as stuck.",
  },
  tripKeepMs: {
    schema: whole(60_000, 30 * 24 * 3_600_000),
    default: "172800000",
    unit: "ms",
    description: "How long a trip is remembered behind its last account, for events that come later still.",
  },
  onceKeepMs: {
    schema: whole(60_000, 30 * 24 * 3_600_000),
    default: "86400000",
    unit: "ms",
    description: "How long the id of an event is remembered where repetitions must not count, by event time.",
  },
  errorSettleMs: {
    schema: whole(0, 24 * 3_600_000),
    default: "60000",
    unit: "ms",
    description: "How long changes of a group of app errors are collected before it is told again, by event time.",
  },
  errorKeepMs: {
    schema: whole(60_000, 365 * 24 * 3_600_000),
    default: "7776000000",
    unit: "ms",
    description:
      "How long a group of app errors is remembered behind its last error; one that returns later begins anew.",
  },
  driverPositionEveryMs: {
    schema: whole(0, 3_600_000),
    default: "10000",
    unit: "ms",
    description:
      "The last known position of a driver is told at most this often, by event time; the last one of all is always told.",
  },
  driverMaxSpeed: {
    schema: z.coerce.number().min(1).max(10_000),
    default: "70",
    unit: "metres a second",
    description: "Two consecutive positions of a driver with a higher speed between them are told as a jump.",
  },
  driverSilenceMs: {
    schema: whole(1_000, 3_600_000),
    default: "600000",
    unit: "ms",
    description:
      "A driver of whom nothing was heard for longer than this does not count as online, whatever the last status says.",
  },
  driverKeepMs: {
    schema: whole(3_600_000, 30 * 24 * 3_600_000),
    default: "86400000",
    unit: "ms",
    description: "How long behind its end an hour of a driver can still be told anew, for events that come later.",
  },
  cachedKeys: {
    schema: whole(100, 1_000_000),
    default: "20000",
    unit: "keys",
    description:
      "Keys of a processor with memory that each partition keeps at hand; the others are read from Postgres.",
  },
});

export type StreamOptions = ValuesOf<typeof streamOptions>;
