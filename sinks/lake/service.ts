import { ensureTopics, type KafkaConnection, topicSpecs } from "../../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  createService,
  didYouMean,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import { createDatabase, type StoreOptions } from "../../store/index.ts";
import { type StoredTable, storedTables } from "../postgres/event-types.ts";
import { type LakeColumn, lakeColumns } from "./columns.ts";
import { createFolderStorage } from "./folder-storage.ts";
import type { Read } from "./gathered.ts";
import { createLakeRunner } from "./lake-runner.ts";
import type { LakeOptions } from "./options.ts";
import { createS3Storage } from "./s3-storage.ts";
import type { LakeStorage } from "./storage.ts";

export type LakeParts = {
  readonly options: LakeOptions;
  readonly store: StoreOptions;
  readonly connection: KafkaConnection;
  /** Started before and stopped after, by whoever made them. */
  readonly schemas: Schemas;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/**
 * The data lake: events as Parquet files in a folder or a bucket, each record of Kafka in one file. Any number of these processes share
 * the partitions; checkpoint and manifest (`lake.files`) are in Postgres.
 * @throws PipelineError option_invalid
 */
export function createLake(parts: LakeParts): Service & { readonly url: string; readonly storage: string } {
  const { options, store, connection, schemas, metrics, log } = parts;
  const storage = storageOf(options);
  const tables = tablesOf(options.types, schemas);
  const topics = [...new Set(tables.map(({ topic }) => topic))];
  let waitingFor: Readonly<Record<string, string>> = { lake: "not joined yet" };
  const http = createHttpService({
    name: "lake health",
    host: options.metricsHost,
    port: options.metricsPort,
    portFlag: "--lake-metrics-port",
    metrics,
    routes: () => undefined,
    readiness: () => waitingFor,
  });
  const db = createDatabase({
    name: "lake",
    url: store.sinkUrl ?? store.url,
    log,
    metrics,
    max: Math.max(store.maxConnections, options.concurrency + 2),
    statementTimeoutMs: store.statementTimeoutMs,
    lockTimeoutMs: store.lockTimeoutMs,
    idleInTransactionTimeoutMs: store.idleInTransactionTimeoutMs,
  });
  const runner = createLakeRunner({
    ...{ name: "lake", connection, db, storage, groupId: options.groupId, topics, log, metrics },
    read: createReader(schemas, tables),
    ...{ maxAgeMs: options.maxAgeMs, maxRows: options.maxRows, maxBufferBytes: options.maxBufferBytes },
    ...{ concurrency: options.concurrency, sessionTimeoutMs: options.sessionTimeoutMs },
  });
  const prepare = createService({
    name: "lake storage",
    async start() {
      await storage.check();
      const specs = topicSpecs(schemas.catalogue.types.values());
      await ensureTopics(
        connection,
        specs.filter(({ name }) => topics.includes(name)),
      );
    },
    stop: () => undefined,
  });
  const joined = createService({
    name: "lake joined",
    start() {
      waitingFor = {};
    },
    stop: () => undefined,
  });
  const service = composeServices("lake", [http, db, prepare, runner, joined]);
  return Object.defineProperties(service, {
    url: { get: () => http.url },
    storage: { value: storage.name },
  }) as Service & { readonly url: string; readonly storage: string };
}

function storageOf(options: LakeOptions): LakeStorage {
  const { dir, s3Bucket: bucket, s3Prefix: prefix, s3Region: region, s3Endpoint: endpoint } = options;
  if ((dir === undefined) === (bucket === undefined)) {
    throw new PipelineError("option_invalid", { message: "Give the lake one place: --lake-dir or --lake-s3-bucket." });
  }
  if (dir !== undefined) return createFolderStorage(dir);
  return createS3Storage({ bucket: bucket as string, prefix, region, ...(endpoint === undefined ? {} : { endpoint }) });
}

function tablesOf(wanted: readonly string[], { catalogue }: Schemas): readonly StoredTable[] {
  for (const name of wanted) {
    if (catalogue.types.has(name)) continue;
    const hint = didYouMean(name, [...catalogue.types.keys()]);
    const more = hint === undefined ? "" : ` Did you mean ${hint}?`;
    throw new PipelineError("option_invalid", {
      message: `--lake-types names ${name}, which is no event type.${more}`,
    });
  }
  const tables = storedTables(catalogue.types.values());
  return wanted.length === 0 ? tables : tables.filter(({ type }) => wanted.includes(type));
}

/** Decodes a record's value and finds the columns of its type. */
export function createReader(
  schemas: Pick<Schemas, "decode">,
  tables: readonly StoredTable[],
): (value: Buffer) => Promise<Read> | Read {
  const columns = new Map<string, readonly LakeColumn[]>(
    tables.map(({ type, columns }) => [type, lakeColumns(columns)]),
  );
  const readOf = (decoded: Awaited<ReturnType<Schemas["decode"]>>): Read => {
    if (!decoded.ok) {
      const unknown = decoded.code === "record_schema_unknown" || decoded.code === "record_type_unknown";
      const reason = unknown ? "sink_schema_unknown" : "sink_record_unreadable";
      return { ok: false, reason, message: decoded.reason };
    }
    const of = columns.get(decoded.type.name);
    if (of === undefined) {
      const message = `a record of the type ${decoded.type.name}, which the lake does not take`;
      return { ok: false, reason: "sink_schema_unknown", message, schemaId: decoded.schemaId };
    }
    return { ok: true, type: decoded.type.name, columns: of, schemaId: decoded.schemaId, data: decoded.value };
  };
  return (value) => {
    const decoded = schemas.decode(value);
    return decoded instanceof Promise ? decoded.then(readOf) : readOf(decoded);
  };
}
