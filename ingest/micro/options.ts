import { z } from "zod";
import { defineOptions, type OptionSet, type OptionSource, readOptions, type ValuesOf } from "../../runtime/index.ts";
import { type IngestOptions, ingestOptions } from "../options.ts";

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const mebibyte = 1024 * 1024;

export const microOptions = defineOptions("micro", {
  host: { schema: z.string().min(1), default: "127.0.0.1", description: "The address to listen on." },
  port: { schema: whole(0, 65_535), default: "9090", description: "The port to listen on; 0 takes a free one." },
  maxKeptEvents: {
    schema: whole(1, 1_000_000),
    default: "10000",
    unit: "events",
    description: "How many events are kept to be asked for, good and bad ones together; above it the oldest go.",
  },
  maxKeptBytes: {
    schema: whole(mebibyte, 1_024 * mebibyte),
    default: String(64 * mebibyte),
    unit: "bytes",
    description: "Bytes of events that are kept, as they are answered; above it the oldest go.",
  },
  stage: {
    schema: z.enum(["test", "live"]),
    default: "test",
    description:
      "How apps without an API key are answered when an event is wrong: test, it is rejected; live, it is quarantined, as an app in the field is answered.",
  },
  corsOrigins: {
    schema: z
      .string()
      .min(1)
      .transform((text) => text.split(/[\s,]+/).filter((word) => word !== "")),
    default: "localhost",
    description:
      "Origins whose pages may post and ask, with commas between them: localhost (any port of this machine), * (every origin), or such as https://app.example.com.",
  },
});

export type MicroOptions = ValuesOf<typeof microOptions>;

/** What of the front door may be set for micro, too, so that its limits can be those of production. */
const ofDoor = [
  "apiKeysFile",
  "deviceKeysFile",
  "maxBodyBytes",
  "maxBodyItems",
  "maxEvents",
  "maxEventBytes",
  "maxDepth",
  "maxKeys",
  "maxTextChars",
  "maxFutureMs",
  "futureFlagMs",
  "pastFlagMs",
  "docsUrl",
] as const satisfies readonly (keyof IngestOptions)[];

/** {@link ingestOptions}, as far as micro has them: same flags, same variables. */
export const microDoorOptions: OptionSet = {
  station: ingestOptions.station,
  flagPrefix: ingestOptions.flagPrefix,
  specs: Object.fromEntries(ofDoor.map((key) => [key, ingestOptions.specs[key]])),
};

/**
 * The options of the door of micro. What it does not have (a spool, a journal, several processes, pressure) is off, whatever the variables
 * of a pipeline on the same machine say.
 * @throws PipelineError option_invalid
 */
export function readDoorOptions(micro: MicroOptions, source: OptionSource): IngestOptions {
  const given = readOptions(microDoorOptions, source) as Partial<IngestOptions>;
  return {
    ...readOptions(ingestOptions, { flags: fixed }),
    ...given,
    host: micro.host,
    port: micro.port,
    allowAnonymous: given.apiKeysFile === undefined,
  };
}

const fixed = {
  "ingest-allow-anonymous": "true",
  "ingest-acknowledgements": "false",
  // A busy machine must not change an answer.
  "ingest-max-loop-delay-ms": "0",
  "ingest-duplicate-window-ids": "100000",
  // Tests block their process, and must not find that a connection was closed meanwhile.
  "ingest-keep-alive-timeout-ms": "600000",
  "ingest-idle-timeout-ms": "600000",
};
