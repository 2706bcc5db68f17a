import { z } from "zod";
import { defineOptions, type ValuesOf } from "../runtime/options.ts";
import { isTimeZone } from "./trips/local-time.ts";

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const share = (description: string, most = 1) => ({
  schema: z.coerce.number().min(0).max(most),
  default: "0",
  description,
});

/** Where the apps post to, and how. */
export const doorOptions = defineOptions(
  "apps",
  {
    url: {
      schema: z.string().regex(/^https?:\/\/\S+$/, "expected http://host:port"),
      description: "The base address of the ingest service; without it, the running local stack's.",
    },
    apiKey: {
      schema: z.string().min(1),
      secret: true,
      description: "The API key to post with; without it, the running local stack's.",
    },
    connections: {
      schema: whole(1, 256),
      default: "8",
      unit: "connections",
      description: "How many requests are under way at the same time; the events of one key never are in two of them.",
    },
    batchSize: {
      schema: whole(1, 1_000),
      default: "200",
      unit: "events",
      description: "The most events in one request.",
    },
    requestTimeoutMs: {
      schema: whole(100, 600_000),
      default: "30000",
      unit: "ms",
      description: "How long a request may take before its events are sent again.",
    },
  },
  { flagPrefix: "" },
);

export const replayOptions = defineOptions(
  "replay",
  {
    speed: {
      schema: z.coerce.number().min(0),
      default: "0",
      unit: "times real time",
      description: "How fast time passes: 1 is real time, 60 a minute a second, 0 as fast as the server takes it.",
    },
    limit: { schema: whole(1, 1_000_000_000), unit: "rows", description: "Play the first rows of the file only." },
    locationIntervalSeconds: {
      schema: z.coerce.number().min(1).max(3_600),
      default: "15",
      unit: "s",
      description: "Time between two positions of a driver under way.",
    },
    maxLocations: {
      schema: whole(2, 100_000),
      default: "240",
      unit: "positions",
      description: "The most positions of one trip, and of the way to it; on a longer one they lie farther apart.",
    },
    timeZone: {
      schema: z.string().refine(isTimeZone, "expected a time zone such as America/New_York"),
      default: "America/New_York",
      description: "The time zone of the file's wall-clock times.",
    },
    drivers: {
      schema: whole(1, 1_000_000),
      default: "100",
      unit: "drivers",
      description: "The made-up fleet that the trips are given to; it grows when all are busy.",
    },
    waitSeconds: {
      schema: whole(0, 86_400),
      default: "120",
      unit: "s",
      description: "How long to wait for more rows in Postgres after the last one came; 0 does not count rows.",
    },
  },
  { flagPrefix: "" },
);

export const simulateOptions = defineOptions(
  "simulate",
  {
    drivers: {
      schema: whole(1, 100_000),
      default: "60",
      unit: "drivers",
      description: "Drivers in all cities together.",
    },
    rate: {
      schema: z.coerce.number().min(0.1).max(1_000_000),
      default: "20",
      unit: "events a second",
      description: "Events of all kinds together.",
    },
    seed: {
      schema: whole(0, 2 ** 31 - 1),
      default: "1",
      description: "The same seed makes the same cities and people.",
    },
    durationSeconds: {
      schema: z.coerce.number().min(0.1),
      unit: "s",
      description: "Stop after this time; without it, go on until stopped.",
    },
    flushIntervalMs: {
      schema: whole(1, 600_000),
      default: "10000",
      unit: "ms",
      description: "How long an event waits on its phone for others before the SDK sends it.",
    },
    offlineShare: share("The share of the time that each phone has no network, some 15 s in a row.", 0.99),
    wrongClockShare: share("The share of phones whose clock is wrong, by a minute up to six hours."),
    oldVersionShare: share("The share of phones with an old app, which knows only the first version of each schema."),
    lostAnswerShare: share("The share of answers that get lost, so that the phone sends again what is stored.", 0.99),
    badShare: share("The share of events that no schema allows."),
    waitSeconds: {
      schema: whole(0, 86_400),
      default: "60",
      unit: "s",
      description: "How long to wait for more rows in Postgres after the last one came; 0 does not count rows.",
    },
  },
  { flagPrefix: "" },
);

export type DoorOptions = ValuesOf<typeof doorOptions>;
export type ReplayOptions = ValuesOf<typeof replayOptions>;
export type SimulateOptions = ValuesOf<typeof simulateOptions>;
