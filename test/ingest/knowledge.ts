import type { EventKnowledge } from "../../ingest/events/accept-event.ts";
import { createMetrics, readOptions, silentLogger } from "../../runtime/index.ts";
import { createSchemas, type Schemas, schemaOptions } from "../../schemas/index.ts";

/**
 * The real schemas without a registry: types, checks and keys are those of the product; ids, which only a registry gives, are
 * 7, and the value of a record is JSON, so that a test can read it.
 */
export function offlineKnowledge(): EventKnowledge & Pick<Schemas, "decode"> {
  const schemas = createSchemas({
    options: readOptions(schemaOptions, {}),
    log: silentLogger,
    metrics: createMetrics(),
  });
  return {
    catalogue: schemas.catalogue,
    check: schemas.check,
    keyOf: schemas.keyOf,
    schemaIdOf: () => 7,
    decode: schemas.decode,
    encode: (_type, data) => Buffer.from(JSON.stringify(data)),
  };
}

/** A valid event; `changes` go over its attributes, undefined takes one out. */
export function locationEvent(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    specversion: "1.0",
    id: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
    type: "driver.location",
    source: "/apps/driver/ios/6.1.2",
    time: "2026-11-22T21:11:41.123Z",
    subject: "drv_1",
    data: { driver_id: "drv_1", latitude: 40.7128, longitude: -74.006 },
    ...changes,
  };
}
