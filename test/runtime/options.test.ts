import { expect, test } from "vitest";
import { z } from "zod";
import {
  defineOptions,
  didYouMean,
  flagOf,
  readOptions,
  refuseUnknownVariables,
  variableOf,
} from "../../runtime/index.ts";

const set = defineOptions(
  "ingest",
  {
    port: { schema: z.coerce.number().int().min(0).max(65_535), default: "8080", description: "The port." },
    maxEventBytes: { schema: z.coerce.number().int().min(1), default: "32768", unit: "bytes", description: "A limit." },
    maxBodyBytes: {
      schema: z.coerce.number().int().min(1),
      default: "1048576",
      unit: "bytes",
      description: "A limit.",
    },
    keysFile: { schema: z.string().min(1), description: "A file." },
    spool: { schema: z.stringbool(), default: "false", description: "A switch." },
    token: { schema: z.string().min(10), secret: true, description: "A secret." },
  },
  {
    check: (o) =>
      o.maxEventBytes > o.maxBodyBytes ? "--ingest-max-event-bytes is above --ingest-max-body-bytes" : undefined,
  },
);

test("one declaration gives flag, variable, default and type", () => {
  expect(flagOf(set, "maxEventBytes")).toBe("--ingest-max-event-bytes");
  expect(variableOf(set, "maxEventBytes")).toBe("HAILSTREAM_INGEST_MAX_EVENT_BYTES");
  const values = readOptions(set, {});
  const port: number = values.port;
  const file: string | undefined = values.keysFile;
  expect([port, file, values.spool]).toEqual([8080, undefined, false]);
});

test("a flag wins over a variable, and a variable over the default", () => {
  const env = { HAILSTREAM_INGEST_PORT: "9000", HAILSTREAM_INGEST_SPOOL: "true" };
  expect(readOptions(set, { env }).port).toBe(9000);
  expect(readOptions(set, { env, flags: { "ingest-port": "9001", "ingest-spool": false } })).toMatchObject({
    port: 9001,
    spool: false,
  });
});

test("a wrong value names flag, variable, what came and what is wrong with it", () => {
  expect(() => readOptions(set, { flags: { "ingest-port": "70000" } })).toThrow(
    /--ingest-port \(HAILSTREAM_INGEST_PORT\) cannot be "70000"/,
  );
});

test("a secret is not shown", () => {
  expect(() => readOptions(set, { flags: { "ingest-token": "hunter2" } })).toThrow(/a value that is not shown/);
});

test("relations between options are checked", () => {
  expect(() => readOptions(set, { flags: { "ingest-max-event-bytes": "2000000" } })).toThrow(/is above/);
});

test("a misspelt variable is an error with the nearest one; foreign variables are not ours", () => {
  expect(() => refuseUnknownVariables([set], { HAILSTREAM_INGEST_PROT: "1" })).toThrow(
    /Did you mean HAILSTREAM_INGEST_PORT\?/,
  );
  expect(() => refuseUnknownVariables([set], { PATH: "x", HAILSTREAM_INGEST_PORT: "1" })).not.toThrow();
});

test("did-you-mean keeps silent when nothing is near", () => {
  expect(didYouMean("driver.locaton", ["driver.location", "trip.rated"])).toBe("driver.location");
  expect(didYouMean("zzzzzz", ["driver.location", "trip.rated"])).toBeUndefined();
});
