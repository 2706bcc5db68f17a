import avro from "avsc";
import {
  connectKafka,
  createProducer,
  type KafkaConnection,
  type KafkaRecord,
  kafkaOptions,
  type OutgoingRecord,
} from "../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../runtime/index.ts";
import { createSchemas, type EventType, envelopeHeaders, loadCatalogue, schemaOptions } from "../schemas/index.ts";
import { storedTables } from "../sinks/index.ts";
import { recordFieldsOf } from "../sinks/postgres/avro-type.ts";
import { envelopeColumns } from "../sinks/postgres/columns.ts";
import { copyHeader, copyTrailer, RowBuffer } from "../sinks/postgres/row-buffer.ts";
import { compileRowWriter } from "../sinks/postgres/row-writer.ts";

/** Where the table of driver locations is filled from. */
const sinkTopic = "driver-locations-enriched";
/** The same events under their ids as keys: what a connector with one row a key makes of them is a row for each. */
export const keyedTopic = "driver-locations";
/** The same events with the envelope inside the value, since Debezium's sink reads its key there. */
export const peerTopic = "loc";

const startMs = Date.UTC(2015, 0, 31);
const dayMs = 86_400_000;
const sendRecords = 2_000;

export function benchConnection(brokers: string): KafkaConnection {
  return connectKafka(readOptions(kafkaOptions, { flags: { "kafka-brokers": brokers } }), silentLogger, "bench");
}

/** Event `i` of `records`, spread over two days; the same each time. */
function eventOf(i: number, records: number) {
  const driver = i % 5_000;
  return {
    id: `0198f000-0000-7000-8000-${i.toString(16).padStart(12, "0")}`,
    occurredMs: startMs + Math.floor((i / records) * 2 * dayMs),
    data: {
      driver_id: `drv_${driver}`,
      latitude: 40.55 + ((i * 7_919) % 350_000) / 1_000_000,
      longitude: -74.1 + ((i * 104_729) % 350_000) / 1_000_000,
      heading_degrees: i % 360,
      speed: (i % 150) / 10,
      accuracy: 5.5,
      trip_id: i % 3 === 0 ? null : `trp_${i % 99_999}`,
      vehicle_id: `veh_${driver}`,
    },
  };
}

export type OurRecords = { readonly schemaId: number; record(i: number): OutgoingRecord & { readonly value: Buffer } };

/** Writes the backlogs of our sinks: records as the pipeline has them, the envelope in the headers. */
export async function produceOurs(
  connection: KafkaConnection,
  registry: string,
  cacheDir: string,
  records: number,
): Promise<OurRecords> {
  const options = readOptions(schemaOptions, { flags: { "registry-url": registry, "registry-cache-dir": cacheDir } });
  const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics() });
  await schemas.start(() => undefined);
  const record = (i: number) => {
    const { id, occurredMs, data } = eventOf(i, records);
    const time = new Date(occurredMs).toISOString();
    const envelope = { id, type: "driver.location", source: "/apps/driver/ios/6.1.2", time, receivedAt: occurredMs };
    return {
      key: data.driver_id,
      value: schemas.encode("driver.location", data),
      headers: envelopeHeaders({ ...envelope, subject: data.driver_id }),
    };
  };
  await produce(connection, sinkTopic, records, record);
  await produce(connection, keyedTopic, records, (i) => ({ ...record(i), key: eventOf(i, records).id }));
  await schemas.stop();
  return { schemaId: schemas.schemaIdOf("driver.location"), record };
}

/** Writes the backlog of the peer: the same values, and the envelope's id and time, in one flat record. */
export async function producePeers(connection: KafkaConnection, registry: string, records: number): Promise<void> {
  const base = driverLocation();
  const schema = {
    type: "record",
    name: "loc",
    namespace: "bench",
    fields: [{ name: "event_id", type: "string" }, { name: "occurred_at", type: "long" }, ...base.schema.fields],
  };
  const response = await fetch(`${registry}/subjects/${peerTopic}-value/versions`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  if (!response.ok) throw new Error(`the registry refuses the peer's schema: ${await response.text()}`);
  const { id: schemaId } = (await response.json()) as { id: number };
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false });
  await produce(connection, peerTopic, records, (i) => {
    const { id, occurredMs, data } = eventOf(i, records);
    const body = type.toBuffer({ event_id: id, occurred_at: occurredMs, ...data });
    const value = Buffer.allocUnsafe(5 + body.length);
    value[0] = 0;
    value.writeInt32BE(schemaId, 1);
    body.copy(value, 5);
    return { key: data.driver_id, value };
  });
}

/** The rows of our records as binary COPY data, ready to be sent. */
export function copyData(
  ours: OurRecords,
  records: number,
): { readonly data: readonly Buffer[]; readonly columns: string } {
  const columns = storedTables([driverLocation()])[0]?.columns ?? [];
  const write = compileRowWriter(ours.schemaId, recordFieldsOf(driverLocation().schema), columns);
  const rows = new RowBuffer(records * 256);
  const source = { topic: driverLocation().topic, partition: 0 };
  for (let i = 0; i < records; i++) {
    const { value, headers } = ours.record(i);
    const record: KafkaRecord = {
      offset: "0",
      timestamp: "0",
      key: null,
      value,
      headers: headers as KafkaRecord["headers"],
    };
    write(record, value, rows, source);
  }
  const names = [...envelopeColumns, ...columns].map((column) => `"${column.name}"`).join(", ");
  return { data: [copyHeader, rows.bytes.subarray(0, rows.at), copyTrailer], columns: names };
}

function driverLocation(): EventType {
  const type = loadCatalogue().types.get("driver.location");
  if (type === undefined) throw new Error("there is no type driver.location");
  return type;
}

async function produce(
  connection: KafkaConnection,
  topic: string,
  records: number,
  record: (i: number) => OutgoingRecord,
): Promise<void> {
  const producer = createProducer({ name: "bench", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start(() => undefined);
  for (let from = 0; from < records; from += sendRecords) {
    const size = Math.min(sendRecords, records - from);
    await producer.send(
      topic,
      Array.from({ length: size }, (_, i) => record(from + i)),
    );
  }
  await producer.stop();
}
