import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KafkaRecord } from "../../../kafka/index.ts";
import { storedTables } from "../../../sinks/index.ts";
import { lakeColumns } from "../../../sinks/lake/columns.ts";
import { Gathered } from "../../../sinks/lake/gathered.ts";
import { parquetFile } from "../../../sinks/lake/parquet-file.ts";
import { duck } from "./duck.ts";

const dir = mkdtempSync(join(tmpdir(), "hailstream-parquet-"));
afterAll(() => rmSync(dir, { recursive: true }));

const nullable = (type: unknown) => ["null", type];
const fields = [
  { name: "text", type: "string", doc: "" },
  { name: "word", type: nullable("string"), default: null, doc: "" },
  { name: "whole", type: "int", doc: "" },
  { name: "long", type: "long", doc: "" },
  { name: "real", type: "double", doc: "" },
  { name: "yes", type: "boolean", doc: "" },
  { name: "at", type: { type: "long", logicalType: "timestamp-millis" }, doc: "" },
  { name: "exact", type: nullable({ type: "long", logicalType: "timestamp-micros" }), default: null, doc: "" },
  { name: "kind", type: { type: "enum", name: "Kind", symbols: ["a", "b"] }, doc: "" },
  { name: "list", type: { type: "array", items: "string" }, doc: "" },
  { name: "day", type: { type: "int", logicalType: "date" }, doc: "" },
  { name: "noon", type: { type: "int", logicalType: "time-millis" }, doc: "" },
  { name: "local", type: { type: "long", logicalType: "local-timestamp-micros" }, doc: "" },
  { name: "price", type: { type: "bytes", logicalType: "decimal", precision: 9, scale: 2 }, doc: "" },
  { name: "ride", type: { type: "string", logicalType: "uuid" }, doc: "" },
  { name: "source", type: "string", doc: "Named like a column of the envelope." },
];
const [table] = storedTables([
  {
    ...{ name: "app.ping", doc: "A sign of life.", topic: "pings", keyField: "text" },
    schema: { type: "record", name: "Ping", fields },
  },
]);
const columns = lakeColumns(table?.columns ?? []);
const data = (n: number) => ({
  ...{
    text: `text ${n} \u{1f697} "\\`,
    word: n % 2 === 0 ? null : "odd",
    whole: 7 - n,
    long: 9_007_199_254_740_991 - n,
  },
  ...{ real: n / 3, yes: n % 2 === 0, at: 1_422_705_600_123, exact: n % 2 === 0 ? null : 1_422_705_600_123_456 },
  ...{ kind: "b", list: ["x", 'y"'], source: "data", day: 16_466, noon: 43_200_001, local: 1_422_705_600_123_456 },
  ...{ price: Buffer.from([0xff, 0x00]), ride: "0198f000-0000-7000-8000-000000000001" },
});

function record(offset: number, headers: Record<string, string>): KafkaRecord {
  return { offset: String(offset), timestamp: "1422705600000", key: null, value: Buffer.alloc(10), headers };
}
const headers = (n: number, time = "2015-01-31T12:00:00.123456Z") => ({
  ...{ ce_id: `id-${n}`, ce_time: time, ce_source: "/test", received_at: "1422705600999" },
  ...(n % 2 === 0 ? {} : { time_corrected: "1422705600001", time_error_ms: "20", time_flag: "future" }),
});

function gather(count: number): Gathered {
  const gathered = new Gathered({ partition: 3, first: 0n, generation: 1, since: 0 });
  for (let n = 0; n < count; n++) {
    gathered.add(record(n, headers(n)), { ok: true, type: "app.ping", columns, schemaId: 7, data: data(n) });
  }
  return gathered;
}

describe("a file of 2,500 rows, read by DuckDB", () => {
  const path = join(dir, "rows.parquet");
  beforeAll(() => {
    const [file] = gather(2_500).files.values();
    if (file === undefined) throw new Error("no file");
    writeFileSync(path, parquetFile(file.rows, { "hailstream.type": "app.ping" }));
  });

  test("has the columns of the table in Postgres, in its order and with its kinds, and the place in Kafka", async () => {
    const described = await duck<{ column_name: string; column_type: string }>(`describe from '${path}'`);
    expect(described.map(({ column_name, column_type }) => `${column_name} ${column_type}`)).toEqual([
      ...["event_id VARCHAR", "occurred_at TIMESTAMP WITH TIME ZONE", "received_at TIMESTAMP WITH TIME ZONE"],
      ...["source VARCHAR", "subject VARCHAR", "schema_id INTEGER", "time_corrected TIMESTAMP WITH TIME ZONE"],
      ...["time_error_ms INTEGER", "time_flag VARCHAR", "text VARCHAR", "word VARCHAR", "whole INTEGER", "long BIGINT"],
      ...[
        "real DOUBLE",
        "yes BOOLEAN",
        "at TIMESTAMP WITH TIME ZONE",
        "exact TIMESTAMP WITH TIME ZONE",
        "kind VARCHAR",
      ],
      ...["list JSON", "day DATE", "noon TIME", "local TIMESTAMP", "price VARCHAR", "ride VARCHAR"],
      ...["data_source VARCHAR", "kafka_partition INTEGER", "kafka_offset BIGINT"],
    ]);
  });

  test("has every value", async () => {
    const rows = await duck(`
      select *, epoch_us(occurred_at) as occurred_us, epoch_us(received_at) as received_us, epoch_us("at") as at_us,
             epoch_us(exact) as exact_us, epoch_us(time_corrected) as corrected_us
      from '${path}' order by kafka_offset`);
    expect(rows).toHaveLength(2_500);
    for (const [n, row] of rows.entries()) {
      const { exact, at, list, long, source, day, noon, local, price, ...same } = data(n);
      expect([day, noon, local, price.length]).toEqual([16_466, 43_200_001, 1_422_705_600_123_456, 2]);
      expect(row).toMatchObject({
        ...same,
        ...{ event_id: `id-${n}`, source: "/test", subject: null, schema_id: 7, data_source: source },
        ...{ long: String(long), list: JSON.stringify(list), kafka_partition: 3, kafka_offset: String(n) },
        ...{ occurred_us: "1422705600123456", received_us: "1422705600999000", at_us: `${at}000` },
        exact_us: exact === null ? null : String(exact),
        corrected_us: n % 2 === 0 ? null : "1422705600001000",
        time_error_ms: n % 2 === 0 ? null : 20,
        time_flag: n % 2 === 0 ? null : "future",
        ...{ day: "2015-01-31", noon: "12:00:00.001", local: "2015-01-31 12:00:00.123456", price: "-2.56" },
      });
    }
  });

  test("says what it holds in its footer", async () => {
    const facts = await duck<{ k: string; v: string }>(
      `select key::varchar as k, value::varchar as v from parquet_kv_metadata('${path}')`,
    );
    expect(facts).toEqual([{ k: "hailstream.type", v: "app.ping" }]);
  });
});

test("events of other hours, days and types go into other files; a time far away is no fault", () => {
  const gathered = new Gathered({ partition: 0, first: 0n, generation: 1, since: 0 });
  const times = [
    "2015-01-31T12:59:59.999Z",
    "2015-01-31T13:00:00Z",
    "2015-02-01T00:00:00+11:00",
    "9999-12-31T23:59:60Z",
  ];
  for (const [n, time] of times.entries()) {
    const read = { ok: true, type: "app.ping", columns, schemaId: 7, data: data(n) } as const;
    gathered.add(record(n, headers(n, time)), read);
  }
  expect([...gathered.files.values()].map(({ type, date, hour }) => `${type} ${date} ${hour}`)).toEqual([
    ...["app.ping 2015-01-31 12", "app.ping 2015-01-31 13", "app.ping +010000-01-01 0"],
  ]);
});

test("what cannot become a row is refused with its reason, and the rows beside it stay whole", () => {
  const gathered = gather(2);
  const read = { ok: true, type: "app.ping", columns, schemaId: 7, data: { ...data(2), long: 0.5 } } as const;
  gathered.add(record(2, headers(2)), read);
  gathered.add(record(3, { ce_id: "x", ce_time: "yesterday" }), { ...read, data: data(3) });
  gathered.add(record(4, {}), { ok: false, reason: "sink_schema_unknown", message: "unknown" });
  expect(gathered.rejections.map(({ record: { offset }, reason }) => [offset, reason])).toEqual([
    ...[
      ["2", "sink_value_out_of_range"],
      ["3", "sink_envelope_invalid"],
      ["4", "sink_schema_unknown"],
    ],
  ]);
  const [file] = gathered.files.values();
  expect(file?.rows.rows).toBe(2);
  expect(file?.rows.values.every((values) => values.length === 2)).toBe(true);
});
