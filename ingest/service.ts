import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Express } from "express";
import type { Producer } from "../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  flagOf,
  type HttpService,
  type HttpServiceParts,
  type Logger,
  type Metrics,
  type Service,
} from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import { problemOf } from "./answers/problems.ts";
import { sendProblem } from "./answers/send.ts";
import { createDuplicates } from "./duplicates/duplicates.ts";
import type { EventKnowledge } from "./events/accept-event.ts";
import { typeNamesOf } from "./formats/segment.ts";
import { createIdentity } from "./identity/identity.ts";
import { createOrigin, type Origin } from "./identity/origin.ts";
import type { Sender } from "./identity/sender.ts";
import { createIngestMetrics } from "./ingest-metrics.ts";
import type { Observer } from "./observer.ts";
import { type IngestOptions, ingestOptions } from "./options.ts";
import { createAdmission } from "./overload/admission.ts";
import { createOverload } from "./overload/create-gate.ts";
import { createTurns } from "./overload/turns.ts";
import type { RouteParts } from "./route-parts.ts";
import { addRoutes, takeEvents } from "./routes.ts";
import { createDestination } from "./spool/create-destination.ts";
import { createStreams } from "./streams.ts";
import { createTracing } from "./tracing/tracing.ts";

export type IngestParts = {
  readonly options: IngestOptions;
  /** Started before this service. */
  readonly schemas: EventKnowledge & Pick<Schemas, "decode">;
  /** Started before this service and stopped after it. */
  readonly producer: Pick<Producer, "send" | "connected"> & Partial<Pick<Producer, "bufferedBytes">>;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Which of the processes that share the port this is, from 1 on: each has a directory of its own. */
  readonly worker?: number;
  /** Where spans go when the options do not say. */
  readonly tracingUrl?: string;
  /** The text of /metrics when several processes answer together. */
  metricsText?(): Promise<string>;
  /** What a door for tests has besides. */
  readonly extra?: IngestExtra;
};

/** What `hailstream micro` adds to the door, which stays the same otherwise. */
export type IngestExtra = {
  readonly observer: Observer;
  /** Of those who post without an API key. */
  readonly anonymousStage: Sender["stage"];
  /** The flag that changes the port, for the message when it is taken. */
  readonly portFlag: string;
  /** Asked before all routes; true when it has taken the request. */
  takeFirst(request: IncomingMessage, response: ServerResponse): boolean;
  /** Adds routes before those of the door. */
  routes(app: Express): void;
};

export type Ingest = Service &
  Pick<HttpService, "url"> & {
    /** Takes every event that comes from now on for a new one; see `Duplicates.forget`. */
    forgetDuplicates(): void;
  };

/** Requests under way get this long to finish; with the producer's own end it stays under ten seconds. */
const drainTimeoutMs = 7_000;
/** A call for help is smaller: requests of at most this many bytes have a place when the others have filled theirs, and their turn before them. */
const smallBytes = 4_096;
/** Of work on requests in one turn of the event loop; see {@link createTurns}. */
const turnMs = 10;

/**
 * The front door. A 2xx for an event means that Kafka has it on all in-sync replicas, or this server's disk where the answer says
 * so. `stop` closes the door, answers what is under way, and only then resolves; a client that is still sending its body by then
 * is cut off, unanswered.
 */
export function createIngest(parts: IngestParts): Ingest {
  const { options, producer, log, extra } = parts;
  const metrics = createIngestMetrics(parts.metrics);
  const identity = createIdentity({
    ...{ options, metrics: parts.metrics, log, now: Date.now },
    ...(extra === undefined ? {} : { anonymousStage: extra.anonymousStage }),
  });
  const dataDir = options.dataDir === undefined ? undefined : join(options.dataDir, `worker-${parts.worker ?? 1}`);
  const duplicates = createDuplicates({
    windowIds: options.duplicateWindowIds,
    windowMs: options.duplicateWindowMs,
    ...(dataDir === undefined ? {} : { dir: join(dataDir, "duplicates") }),
    metrics: parts.metrics,
    log,
  });
  const streams = createStreams();
  const destination = createDestination({
    options,
    producer,
    worker: parts.worker ?? 1,
    metrics: parts.metrics,
    log,
  });
  const admission = createAdmission(options.maxInFlightBytes, metrics.underWay, smallBytes);
  const overload = createOverload({
    options,
    catalogue: parts.schemas.catalogue,
    inFlightBytes: () => admission.bytes,
    bufferedBytes: () => producer.bufferedBytes ?? 0,
    metrics: parts.metrics,
    random: Math.random,
  });
  const tracingUrl = options.tracingOtlpUrl ?? parts.tracingUrl;
  const tracing =
    tracingUrl === undefined ? undefined : createTracing({ url: tracingUrl, ratio: options.tracingRatio, log });
  const routeParts: RouteParts = {
    options,
    knowledge: parts.schemas,
    destination,
    duplicates,
    identity,
    decode: (bytes) => parts.schemas.decode(bytes),
    admission,
    gate: overload.gate,
    turns: createTurns({ turnMs, smallBytes }),
    ...(options.requireHttps || options.addressEventsPerSecond > 0 ? { origin: originOf(options) } : {}),
    typeNames: typeNamesOf(parts.schemas.catalogue),
    streams,
    ...(tracing === undefined ? {} : { tracing }),
    ...(extra === undefined ? {} : { observer: extra.observer }),
    metrics,
    log,
    now: Date.now,
    random: Math.random,
  };
  const http = createHttpService({
    name: "ingest http",
    host: options.host,
    port: options.port,
    portFlag: extra?.portFlag ?? flagOf(ingestOptions, "port"),
    metrics: parts.metrics,
    ...(parts.metricsText === undefined ? {} : { metricsText: parts.metricsText }),
    headersTimeoutMs: options.headersTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs,
    keepAliveTimeoutMs: options.keepAliveTimeoutMs,
    maxConnections: options.maxConnections,
    maxHeaders: options.maxHeaders,
    maxHeaderBytes: options.maxHeaderBytes,
    ...tlsOf(options),
    refuse: (response, error) => sendProblem(response, error, routeParts),
    problem: (error) => JSON.stringify(problemOf(error, options.docsUrl)),
    drainTimeoutMs,
    readiness: destination.readiness,
    mayTakeLonger: streams.has,
    takeFirst(request, response) {
      if (extra?.takeFirst(request, response) === true) return true;
      if (request.method === "POST") tracing?.follow(request, response);
      return takeEvents(request, response, routeParts);
    },
    routes(app) {
      extra?.routes(app);
      addRoutes(app, routeParts);
    },
  });
  const service = composeServices("ingest", [
    identity,
    duplicates,
    ...destination.services,
    ...(tracing === undefined ? [] : [tracing]),
    overload.pressure,
    http,
    streams,
  ]);
  const forgetting = { ...service, forgetDuplicates: duplicates.forget };
  return Object.defineProperty(forgetting, "url", { get: () => http.url }) as Ingest;
}

function originOf({ trustedProxies, forwardedHeader }: IngestOptions): Origin {
  return createOrigin({ trustedProxies: trustedProxies ?? [], header: forwardedHeader });
}

function tlsOf({ tlsCertFile: certFile, tlsKeyFile: keyFile }: IngestOptions): Pick<HttpServiceParts, "tls"> {
  return certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } };
}
