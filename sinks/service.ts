import { ensureTopics, type KafkaConnection, topicSpecs, topicTable } from "../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  createService,
  type Logger,
  type Metrics,
  type Service,
} from "../runtime/index.ts";
import { quarantineTopic, type Schemas } from "../schemas/index.ts";
import { createDatabase, type StoreOptions } from "../store/index.ts";
import type { SinksOptions } from "./options.ts";
import { createEventSink } from "./postgres/create-sink.ts";
import { storedTables } from "./postgres/event-types.ts";
import { createStorageKeeper } from "./postgres/storage-keeper.ts";
import { createQuarantineSink } from "./quarantine/quarantine-sink.ts";
import { createSinkRunner } from "./runner.ts";
import type { WebhookOptions } from "./webhook/index.ts";
import { createWebhookSink } from "./webhook/index.ts";

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
 * All sinks of one process: events and what is in quarantine into Postgres, alerts to webhooks. /ready answers 200 once each has joined its group. Any number of
 * these processes share the partitions.
 */
export function createSinks(parts: SinksParts): Service & { readonly url: string } {
  const { options, store, connection, schemas, metrics, log } = parts;
  let waitingFor: Readonly<Record<string, string>> = { sinks: "not joined yet" };
  const http = createHttpService({
    name: "sinks health",
    host: options.metricsHost,
    port: options.metricsPort,
    portFlag: "--sinks-metrics-port",
    metrics,
    routes: () => undefined,
    readiness: () => waitingFor,
  });
  const db = createDatabase({
    name: "sinks",
    url: store.sinkUrl ?? store.url,
    log,
    metrics,
    // One a partition under way, one for claims and partitions meanwhile, two for webhooks, one for the quarantine.
    max: Math.max(store.maxConnections, options.concurrency + 4),
    statementTimeoutMs: store.statementTimeoutMs,
    lockTimeoutMs: store.lockTimeoutMs,
    idleInTransactionTimeoutMs: store.idleInTransactionTimeoutMs,
  });
  const tables = storedTables(schemas.catalogue.types.values());
  const sink = createEventSink({
    db,
    tables,
    async findWriter(schemaId) {
      const writer = await schemas.writerOf(schemaId);
      return writer === undefined ? undefined : { type: writer.type.name, schema: writer.schema };
    },
    log,
    metrics,
  });
  const keeper = createStorageKeeper({ db, tables: tables.map(({ tableName }) => tableName), log, metrics });
  const topics = [...new Set(tables.map((table) => table.topic))];
  const events = createSinkRunner({
    name: "event sink",
    connection,
    db,
    sink,
    groupId: options.groupId,
    topics,
    log,
    metrics,
    concurrency: options.concurrency,
    sessionTimeoutMs: options.sessionTimeoutMs,
    maxFetchBytes: options.maxFetchBytes,
    maxPartitionFetchBytes: options.maxPartitionFetchBytes,
    circuitRecords: options.circuitRecords,
  });
  const quarantine = createSinkRunner({
    name: "quarantine sink",
    connection,
    db,
    sink: createQuarantineSink(metrics),
    groupId: options.quarantineGroupId,
    topics: [quarantineTopic],
    log,
    metrics,
    concurrency: 1,
    sessionTimeoutMs: options.sessionTimeoutMs,
  });
  const webhooks = createWebhookSink({ options: parts.webhook, connection, db, schemas, metrics, log });
  const prepare = createService({
    name: "topics",
    async start() {
      await ensureTopics(connection, [
        ...topicSpecs(schemas.catalogue.types.values()).filter(({ name }) => topics.includes(name)),
        ...topicTable.filter(({ name }) => name === quarantineTopic),
      ]);
    },
    stop: () => undefined,
  });
  const joined = createService({
    name: "sinks joined",
    start() {
      waitingFor = {};
    },
    stop: () => undefined,
  });
  const service = composeServices("sinks", [http, db, prepare, sink, events, quarantine, webhooks, keeper, joined]);
  return Object.defineProperty(service, "url", { get: () => http.url }) as Service & { readonly url: string };
}
