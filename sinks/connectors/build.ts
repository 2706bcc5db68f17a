import { ensureTopics, type KafkaConnection, topicSpecs, topicTable } from "../../kafka/index.ts";
import {
  composeServices,
  createService,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Database, StoreOptions } from "../../store/index.ts";
import type { SinksOptions } from "../options.ts";
import { createEventSink } from "../postgres/create-sink.ts";
import type { TableDefinition } from "../postgres/create-tables.ts";
import { ensureEventTables } from "../postgres/ensure-tables.ts";
import { storedTables } from "../postgres/event-types.ts";
import type { FindWriterSchema } from "../postgres/schema-routes.ts";
import { verifyTables } from "../postgres/verify-tables.ts";
import { createQuarantineSink } from "../quarantine/quarantine-sink.ts";
import { createSinkRunner } from "../runner.ts";
import type { Sink } from "../sink.ts";
import { createTableSink } from "../tables/table-sink.ts";
import { createAlertSink } from "../webhook/alert-sink.ts";
import { createWebhookSink, type WebhookOptions } from "../webhook/index.ts";
import type { ConnectorConfig } from "./config.ts";

/** What connectors of one process share. */
export type ConnectorWorld = {
  readonly options: SinksOptions;
  readonly store: StoreOptions;
  readonly webhook: WebhookOptions;
  readonly connection: KafkaConnection;
  readonly db: Database;
  readonly schemas: Schemas;
  readonly metrics: Metrics;
};

/** What a sink by itself needs of it. */
export type SinkWorld = Pick<ConnectorWorld, "db" | "schemas" | "metrics"> & {
  readonly store: { readonly url: string };
  /** As of a {@link createEventSink}. */
  readonly ledger?: boolean;
  /** What is written will be rolled back, and nothing else may be changed either: no partition, no table. */
  readonly dryRun?: boolean;
};

/** The consumer group of a connector, which is its name in pipeline.checkpoints too; those that ship have names that options give. */
export function groupOf(
  config: ConnectorConfig,
  { options, webhook }: Pick<ConnectorWorld, "options" | "webhook">,
): string {
  const shipped: Readonly<Record<string, string>> = {
    events: options.groupId,
    quarantine: options.quarantineGroupId,
    alerts: webhook.groupId,
  };
  return config.groupId ?? shipped[config.name] ?? `hailstream-${config.name}`;
}

/** The topics that a connector reads. */
export function topicsOf(config: ConnectorConfig, schemas: Pick<Schemas, "catalogue">): readonly string[] {
  if (config.topics !== undefined) return config.topics;
  const tables = storedTables(schemas.catalogue.types.values());
  return [...new Set(tables.map(({ topic }) => topic))].filter(config.reads);
}

/** A connector at work in this process: makes what it needs, joins its group, stores. Whoever starts it decides what its failure means. */
export function buildConnector(config: ConnectorConfig, world: ConnectorWorld, log: Logger): Service {
  const { options, connection, db, schemas, metrics } = world;
  const groupId = groupOf(config, world);
  const topics = topicsOf(config, schemas);
  const prepare = createService({
    name: `topics of ${config.name}`,
    async start() {
      if (topics.length === 0) {
        const message = `The connector ${config.name}: topics.regex fits no topic that has a table`;
        throw new PipelineError("connector_invalid", { message });
      }
      const specs = [...topicSpecs(schemas.catalogue.types.values()), ...topicTable];
      const wanted = new Map(specs.filter(({ name }) => topics.includes(name)).map((spec) => [spec.name, spec]));
      await ensureTopics(connection, [...wanted.values()]);
    },
    stop: () => undefined,
  });
  if (config.kind === "WebhookSink") {
    const { sessionTimeoutMs } = options;
    const parts = { connection, db, schemas, metrics, log, sessionTimeoutMs };
    const webhooks = topics.map((topic) =>
      createWebhookSink({ ...parts, options: { ...world.webhook, groupId }, topic }),
    );
    return composeServices(config.name, [prepare, ...webhooks]);
  }
  const sink = sinkOf(config, world, log);
  const runner = createSinkRunner({
    name: config.name,
    connection,
    db,
    sink,
    groupId,
    topics,
    log,
    metrics,
    concurrency: config.tasksMax ?? (config.kind === "QuarantineSink" ? 1 : options.concurrency),
    sessionTimeoutMs: options.sessionTimeoutMs,
    circuitRecords: options.circuitRecords,
    synchronousCommit: options.synchronousCommit,
    ...fetchLimits(config, options),
  });
  return composeServices(config.name, [prepare, sink, runner]);
}

function fetchLimits(config: ConnectorConfig, options: SinksOptions) {
  if (config.kind === "QuarantineSink" && config.maxFetchBytes === undefined) return {};
  return {
    maxFetchBytes: config.maxFetchBytes ?? options.maxFetchBytes,
    maxPartitionFetchBytes: config.maxPartitionFetchBytes ?? options.maxPartitionFetchBytes,
  };
}

/** Where the records of a connector go. Of a webhook: its deliveries are written, and sent by the processes that do so. */
export function sinkOf(config: ConnectorConfig, world: SinkWorld, log: Logger): Sink {
  if (config.kind === "WebhookSink") return createAlertSink(world.schemas, () => undefined);
  return config.kind === "QuarantineSink" ? createQuarantineSink(world.metrics) : tableSinkOf(config, world, log);
}

/** The sink of a connector, for records that it reads once more. */
export type SinkAgain = {
  readonly sink: Sink;
  /** The same without the audit ledger, for records that the ledger has already; undefined where it has none of them. */
  readonly uncounted?: Sink;
};

/** Started; what is stored by it beside the live one needs no other end than that of the database. @throws PipelineError store_schema_behind, dry_run_table_missing */
export async function openSinkAgain(config: ConnectorConfig, world: SinkWorld, log: Logger): Promise<SinkAgain> {
  const sink = sinkOf(config, world, log);
  await sink.start(() => undefined);
  if (!storesPlainEvents(config)) return { sink };
  const uncounted = sinkOf(config, { ...world, ledger: false }, log);
  await uncounted.start(() => undefined);
  return { sink, uncounted };
}

/** Whether a connector only stores events, each in a row, of which there is a ledger. */
export function storesPlainEvents({ kind, chain, mode }: ConnectorConfig): boolean {
  return kind === "PostgresSink" && chain.isEmpty && mode === "insert";
}

/** Plain events go the fast way; what changes records, or keeps a row a key, has a sink of its own. */
function tableSinkOf(config: ConnectorConfig, world: SinkWorld, log: Logger): Sink {
  const { db, schemas, metrics, store, dryRun = false } = world;
  const types = [...schemas.catalogue.types.values()];
  const findWriter: FindWriterSchema = async (schemaId) => {
    const writer = await schemas.writerOf(schemaId);
    return writer === undefined ? undefined : { type: writer.type.name, schema: writer.schema };
  };
  if (storesPlainEvents(config)) {
    const tables = storedTables(types).filter(({ topic }) => config.reads(topic));
    if (tables.length === 0)
      throw new PipelineError("connector_invalid", {
        message: `The connector ${config.name}: no table is filled from ${config.flat.topics}`,
      });
    const { ledger = true } = world;
    return createEventSink({ db, tables, findWriter, log, metrics, ledger, dryRun });
  }
  const ensureTables = async (tables: readonly TableDefinition[]) => {
    try {
      await verifyTables(db, tables);
    } catch (error) {
      if (!PipelineError.is(error, "store_schema_behind")) throw error;
      if (dryRun) throw new PipelineError("dry_run_table_missing", { cause: error, fields: error.fields });
      await ensureEventTables(store.url, tables, log);
    }
  };
  return createTableSink({ config, db, types, findWriter, ensureTables, metrics, dryRun });
}
