import type { Router } from "express";
import type { KafkaConnection } from "../../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  createService,
  type Logger,
  type Metrics,
  PipelineError,
  processPaths,
  type Service,
} from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Database } from "../../store/index.ts";
import type { AlertsPort } from "../alerts/port.ts";
import { alertRoutes } from "../alerts/routes.ts";
import type { AuditPort } from "../audit/port.ts";
import { auditRoutes } from "../audit/routes.ts";
import type { ConnectorsPort } from "../connectors/port.ts";
import { connectorRoutes } from "../connectors/routes.ts";
import { docRoutes } from "../docs/routes.ts";
import { createFlowWatch } from "../flow/watch.ts";
import { kafkaRoutes } from "../kafka/routes.ts";
import { createClusterWatch } from "../kafka/watch.ts";
import { liveRoutes, type TraceEvent } from "../live/routes.ts";
import { createTail } from "../live/tail.ts";
import { liveTopics } from "../live/topics.ts";
import type { MapPort } from "../map/port.ts";
import { mapRoutes } from "../map/routes.ts";
import type { ConsoleOptions } from "../options.ts";
import { createActs } from "../refused/acts.ts";
import type { RefusedPort } from "../refused/port.ts";
import { refusedRoutes } from "../refused/routes.ts";
import { createIngestRates } from "../schemas/rates.ts";
import { type FlowOutline, schemaRoutes } from "../schemas/routes.ts";
import { createEventStreams } from "./event-stream.ts";
import { guardOrigin } from "./hosts.ts";
import { pageRoutes } from "./page-files.ts";
import { answerErrors, apiRoutes } from "./routes.ts";
import { createSignIn } from "./sign-in.ts";

export type ConsoleParts = {
  readonly options: ConsoleOptions;
  readonly connection: KafkaConnection;
  readonly db: Database;
  /** Consumer groups whose names begin so are looked at. */
  readonly groupPrefix: string;
  readonly trace: TraceEvent;
  readonly refused: RefusedPort;
  /** To decode with, which works before they are started. */
  readonly schemas: Schemas;
  readonly connectors: ConnectorsPort;
  readonly flows: readonly FlowOutline[];
  readonly alerts: AlertsPort;
  readonly audit: AuditPort;
  readonly map: MapPort;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/**
 * The console: its page and the data behind it, for browsers that are signed in. Asks the pipeline nothing while nobody looks.
 * @throws PipelineError option_invalid without a key
 */
export function createConsole(parts: ConsoleParts): Service & { readonly url: string } {
  const { options, connection, db, groupPrefix, schemas, trace, metrics, log } = parts;
  const streams = createEventStreams();
  metrics.reading("gauge", "hailstream_console_viewers", "Browsers that follow a page now.", [], (add) =>
    add(streams.count),
  );
  const topics = liveTopics(schemas.catalogue);
  const tail = createTail({ connection, topics, log });
  const flow = createFlowWatch({
    ...{ stations: options.stations, connection, db, groupPrefix },
    processorLetters: (since) => parts.refused.processorLetters(since),
  });
  const { key, viewKey } = options;
  if (key === undefined) {
    throw new PipelineError("option_invalid", {
      message: "--console-key is needed: whoever signs in to the console gives it.",
      fields: { option: "--console-key" },
    });
  }
  const signIn = createSignIn({ key, viewKey }, () => Number(new URL(http.url).port));
  const watch = createClusterWatch(connection);
  const rates = createIngestRates(options.stations.find(({ name }) => name === "ingest")?.url);
  const acts = createActs(parts.refused, log);
  const refused = { port: parts.refused, acts, streams, catalogue: schemas.catalogue, stations: options.stations };
  const areas = {
    live: liveRoutes({ tail, streams, connection, schemas, topics, trace, log }),
    refused: refusedRoutes(refused),
    connectors: connectorRoutes({ port: parts.connectors, connection, db }),
    kafka: kafkaRoutes({ connection, schemas, watch }),
    schemas: schemaRoutes({ schemas, watch, rates, flows: parts.flows }),
    alerts: alertRoutes({ db, port: parts.alerts }),
    audit: auditRoutes(parts.audit),
    map: mapRoutes({ db, port: parts.map }),
    docs: docRoutes(),
  };
  let page: Router | undefined;
  const http = createHttpService({
    name: "console",
    host: options.host,
    port: options.port,
    portFlag: "--console-port",
    metrics,
    // Followed streams have no end of their own.
    drainTimeoutMs: 500,
    routes(app) {
      const guard = guardOrigin(options.hosts);
      // Those that ask for health and metrics are no browsers, and know the process by any name.
      app.use((request, response, next) => (processPaths.has(request.path) ? next() : guard(request, response, next)));
      app.use("/api", apiRoutes({ signIn, streams, flow, areas }));
      app.use((request, response, next) => (page === undefined ? next() : page(request, response, next)));
      app.use(answerErrors(log));
    },
  });
  const files = createService({
    name: "page",
    async start() {
      page = await pageRoutes();
    },
    stop: () => streams.endAll(),
  });
  const service = composeServices("console", [files, flow, tail, acts, http]);
  return Object.defineProperty(service, "url", { get: () => http.url }) as Service & { readonly url: string };
}
