import type { KafkaRecord } from "../../../kafka/index.ts";
import { createMetrics, type Metrics, PipelineError, silentLogger } from "../../../runtime/index.ts";
import { readConfig } from "../../../sinks/connectors/config.ts";
import type { FlatConfig } from "../../../sinks/connectors/keys.ts";
import { ensureEventTables, type Rejection, type Sink } from "../../../sinks/index.ts";
import { createTableSink } from "../../../sinks/tables/table-sink.ts";
import { day, framed, type TestDatabase, type TestType } from "../pipeline.ts";

export type TableSink = { readonly sink: Sink; readonly metrics: Metrics };

/** The sink of a connector with this configuration, which knows `types` and the schemas of `older` versions, started. */
export async function startTableSink(
  db: TestDatabase,
  given: FlatConfig,
  types: readonly TestType[],
  older: readonly TestType[] = [],
): Promise<TableSink> {
  const { config, problems } = readConfig({ name: "own", "connector.class": "PostgresSink", ...given });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const metrics = createMetrics();
  const sink = createTableSink({
    config,
    db: db.sink,
    types,
    async findWriter(schemaId) {
      const type = [...types, ...older].find((each) => each.schemaId === schemaId);
      return type === undefined ? undefined : { type: type.name, schema: type.schema };
    },
    ensureTables: (tables) => ensureEventTables(db.ownerUrl, tables, silentLogger),
    metrics,
  });
  await sink.start(() => undefined);
  return { sink, metrics };
}

/** A record as a consumer reads it. */
export function stored(
  offset: number,
  key: string,
  value: Buffer | null,
  more: Partial<KafkaRecord> = {},
): KafkaRecord {
  const headers = {
    ce_id: `e${offset}`,
    ce_type: "app.ping",
    ce_source: "/test",
    ce_time: day,
    received_at: "1422705600000",
  };
  return {
    offset: String(offset),
    timestamp: String(1_422_705_600_000 + offset),
    key: Buffer.from(key),
    value,
    headers,
    ...more,
  };
}

export const row = (type: TestType, data: object): Buffer => framed(type, data);

/** Stores a batch as the runner does: fast, and carefully when that is refused. */
export async function storeBatch(
  db: TestDatabase,
  sink: Sink,
  records: readonly KafkaRecord[],
  { topic = "pings", partition = 0 } = {},
): Promise<readonly Rejection[]> {
  const delivery = await sink.prepare({ topic, partition, records });
  try {
    return await db.sink.transaction((tx) => delivery.write(tx, "fast"));
  } catch (error) {
    if (!PipelineError.is(error, "store_rejected")) throw error;
    return await db.sink.transaction((tx) => delivery.write(tx, "careful"));
  } finally {
    delivery.release();
  }
}
