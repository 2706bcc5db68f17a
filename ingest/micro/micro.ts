import {
  composeServices,
  createService,
  flagOf,
  type Logger,
  type Metrics,
  type Service,
} from "../../runtime/index.ts";
import { type Catalogue, createSchemas } from "../../schemas/index.ts";
import type { IngestOptions } from "../options.ts";
import { createIngest } from "../service.ts";
import { createCors } from "./cors.ts";
import { createKeptEvents } from "./kept.ts";
import { createObserver } from "./observe.ts";
import { type MicroOptions, microOptions } from "./options.ts";
import { addMicroRoutes } from "./routes.ts";

export type MicroParts = {
  readonly options: MicroOptions;
  /** As `readDoorOptions` gives them. */
  readonly door: IngestOptions;
  readonly catalogue: Catalogue;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Hears of each event that is rejected or quarantined, and each request that is refused, in words for people. */
  readonly onBad: (sentence: string) => void;
};

export type Micro = Service & {
  /** The base address without a slash at the end, known after `start`. */
  readonly url: string;
};

/**
 * The front door as it is, with its schemas, checks, codec, keys and answers, in front of a memory: what was accepted and what not can be asked
 * for and forgotten. Two things are missing: a registry, so schema ids are this process's own, and Kafka, so `accepted` means that it
 * would have been stored.
 */
export function createMicro({ options, door, catalogue, metrics, log, onBad }: MicroParts): Micro {
  const kept = createKeptEvents({ maxEvents: options.maxKeptEvents, maxBytes: options.maxKeptBytes });
  const schemas = createSchemas({ options: "in-process", log, metrics, catalogue });
  const { docsUrl } = door;
  const cors = createCors(options.corsOrigins);
  const ingest = createIngest({
    ...{ options: door, schemas, metrics, log },
    // Acknowledges at once: what is accepted is kept by the observer, with its bytes read back.
    producer: { connected: true, send: async () => undefined },
    extra: {
      observer: createObserver({ kept, decode: schemas.decode, docsUrl, onBad, now: Date.now }),
      anonymousStage: options.stage,
      portFlag: flagOf(microOptions, "port"),
      takeFirst: cors.take,
      routes: (app) =>
        addMicroRoutes(app, {
          ...{ kept, catalogue, docsUrl },
          reset() {
            kept.reset();
            ingest.forgetDuplicates();
          },
        }),
    },
  });
  // Stopped first: who waits for an event would keep the door open.
  const waiting = createService({ name: "micro", start: () => undefined, stop: kept.release });
  const service = composeServices("micro", [schemas, ingest, waiting]);
  return Object.defineProperty(service, "url", { get: () => ingest.url }) as Micro;
}
