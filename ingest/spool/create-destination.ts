import type { Producer } from "../../kafka/index.ts";
import type { Logger, Metrics, Service } from "../../runtime/index.ts";
import type { IngestOptions } from "../options.ts";
import type { Destination } from "../store-events.ts";
import { createKafkaDestination } from "./kafka-destination.ts";
import { orphanedSpools, spoolDir } from "./orphans.ts";
import { createSpoolDestination } from "./spool-destination.ts";
import { createSpoolMetrics } from "./spool-metrics.ts";

export type DestinationParts = {
  readonly options: Pick<IngestOptions, "spool" | "spoolMaxBytes" | "spoolAfterMs" | "dataDir" | "processes">;
  readonly producer: Pick<Producer, "send" | "connected">;
  /** The number of this process among those that share the port, from 1 on. */
  readonly worker: number;
  readonly metrics: Metrics;
  readonly log: Logger;
};

export type CreatedDestination = Destination & {
  /** To be started before the door opens, and stopped after it is closed. */
  readonly services: readonly Service[];
  /** What keeps events from being stored; empty when nothing does. */
  readiness(): Readonly<Record<string, string>>;
};

/** Where accepted events go: Kafka alone, or with the disk behind it when the options say so. */
export function createDestination(parts: DestinationParts): CreatedDestination {
  const { options, producer, worker, log } = parts;
  const { dataDir } = options;
  if (!options.spool || dataDir === undefined) {
    return {
      ...createKafkaDestination(producer),
      services: [],
      readiness: () => (producer.connected ? {} : { kafka: "the producer is not connected" }),
    };
  }
  const spool = createSpoolDestination({
    dir: spoolDir(dataDir, worker),
    maxBytes: options.spoolMaxBytes,
    afterMs: options.spoolAfterMs,
    producer,
    metrics: createSpoolMetrics(parts.metrics),
    log,
    // One process alone may send what nobody owns any more.
    ...(worker === 1 ? { orphans: () => orphanedSpools(dataDir, options.processes) } : {}),
  });
  return { send: spool.send, services: [spool], readiness: spool.readiness };
}
