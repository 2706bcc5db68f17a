import { hostname } from "node:os";
import { clusterIdOf, type KafkaConnection } from "../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  createService,
  type Logger,
  type Metrics,
  type Service,
} from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import { createDatabase, type StoreOptions } from "../store/index.ts";
import { addConnectorRoutes } from "./api/routes.ts";
import { createConnectors } from "./connectors/connectors.ts";
import { createControl } from "./connectors/control.ts";
import { loadConnectors } from "./connectors/load-files.ts";
import { createLoggers } from "./connectors/loggers.ts";
import type { SinksOptions } from "./options.ts";
import { storedTables } from "./postgres/event-types.ts";
import { createStorageKeeper } from "./postgres/storage-keeper.ts";
import type { WebhookOptions } from "./webhook/index.ts";

export type SinksParts = {
  readonly options: SinksOptions;
  readonly store: StoreOptions;
  readonly webhook: WebhookOptions;
  readonly connection: KafkaConnection;
  /** Started before and stopped after, by whoever made them. */
  readonly schemas: Schemas;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/**
 * All connectors of one process, by default: events and what is in quarantine into Postgres, alerts to webhooks. /ready answers 200 once each has joined its
 * group, and 503 while one has failed. Any number of these processes share the partitions.
 */
export function createSinks(parts: SinksParts): Service & { readonly url: string } {
  const { options, store, webhook, connection, schemas, metrics, log } = parts;
  const declared = loadConnectors(options.connectorsDir);
  const partitions = declared.reduce((sum, { config }) => sum + (config.tasksMax ?? options.concurrency), 0);
  const loggers = createLoggers(log);
  const db = createDatabase({
    name: "sinks",
    url: store.sinkUrl ?? store.url,
    log,
    metrics,
    // One a partition under way, and a few for claims, partitions, webhooks and what is wanted meanwhile.
    max: Math.max(store.maxConnections, partitions + 5),
    statementTimeoutMs: store.statementTimeoutMs,
    lockTimeoutMs: store.lockTimeoutMs,
    idleInTransactionTimeoutMs: store.idleInTransactionTimeoutMs,
  });
  const world = { options, store, webhook, connection, db, schemas, metrics };
  const worker = () => `${hostname()}:${new URL(http.url).port}`;
  const connectors = createConnectors({ world, declared, loggers, log, worker });
  const control = createControl(world, declared, connectors);
  let started = false;
  const waiting = (): Readonly<Record<string, string>> => (started ? connectors.failed() : { sinks: "not joined yet" });
  const http = createHttpService({
    name: "sinks health",
    host: options.metricsHost,
    port: options.metricsPort,
    portFlag: "--sinks-metrics-port",
    metrics,
    routes: (app) =>
      addConnectorRoutes(app, {
        control,
        loggers,
        apiKey: options.apiKey,
        log,
        worker,
        isStarted: () => started,
        waiting,
        clusterId: () => clusterIdOf(connection),
      }),
    readiness: waiting,
  });
  const tables = storedTables(schemas.catalogue.types.values()).map(({ tableName }) => tableName);
  const keeper = createStorageKeeper({ db, tables, log, metrics });
  const joined = createService({
    name: "sinks joined",
    start() {
      started = true;
    },
    stop: () => undefined,
  });
  const service = composeServices("sinks", [http, db, connectors, keeper, joined]);
  return Object.defineProperty(service, "url", { get: () => http.url }) as Service & { readonly url: string };
}
