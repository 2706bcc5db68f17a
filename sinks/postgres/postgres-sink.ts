import type { KafkaRecord } from "../../kafka/index.ts";
import { createService, type Logger, type Metrics, PipelineError } from "../../runtime/index.ts";
import type { Database } from "../../store/index.ts";
import type { Delivery, Manner, Rejection, Sink, SinkBatch } from "../sink.ts";
import { envelopeColumns } from "./columns.ts";
import { countRows } from "./count-rows.ts";
import { createDayPartitions, dayOf } from "./day-partitions.ts";
import type { EventTable } from "./event-table.ts";
import { MinuteCounts, writeCounts } from "./minute-counts.ts";
import { type RowBlock, storeBlock } from "./row-block.ts";
import { RowBuffer } from "./row-buffer.ts";
import type { RowSource, RowWriter } from "./row-writer.ts";
import { verifyTables } from "./verify-tables.ts";

/** How the records of one schema id become rows, or why none of them can. */
export type SchemaRoute =
  | { readonly ok: true; readonly table: EventTable; readonly write: RowWriter }
  | { readonly ok: false; readonly error: PipelineError };

export type PostgresSinkParts = {
  readonly db: Database;
  /** Whether all that it writes will be rolled back: it makes no partitions then. */
  readonly dryRun?: boolean;
  readonly tables: readonly EventTable[];
  /** Called once a schema id. @throws PipelineError retryable ones, when the registry cannot be reached */
  routeOf(schemaId: number): Promise<SchemaRoute>;
  readonly log: Logger;
  readonly metrics: Metrics;
};

/** A buffer that one unusual batch has made larger than this is not kept. */
const keptBufferBytes = 8 * 1024 * 1024;

/** Writes each event to the table of its type. Reading the Avro bytes and building the COPY bytes happen once a batch, in one pass. */
export function createPostgresSink(parts: PostgresSinkParts): Sink {
  const rowsTotal = countRows(parts.metrics);
  const routes = new Map<number, SchemaRoute>();
  const partitions = createDayPartitions(parts.db, parts.dryRun);
  const spareBuffers: RowBuffer[] = [];

  return Object.assign(
    createService({
      name: "postgres sink",
      start: () =>
        verifyTables(
          parts.db,
          parts.tables.map(({ name, columns }) => ({ name, columns: [...envelopeColumns, ...columns] })),
        ),
      stop: () => undefined,
    }),
    { prepare },
  );

  async function prepare(batch: SinkBatch): Promise<Delivery> {
    const blocks = new Map<EventTable, RowBlock>();
    const rejections: Rejection[] = [];
    try {
      for (const record of batch.records) {
        const { value } = record;
        if (value === null) continue;
        if (value.length < 5 || value[0] !== 0) {
          const message = "the value does not begin with the magic byte 0 and a schema id";
          rejections.push({ record, reason: "sink_record_unreadable", message });
          continue;
        }
        const schemaId = value.readInt32BE(1);
        const route = routes.get(schemaId) ?? (await findRoute(schemaId));
        const refusal = route.ok ? append(route, blocks, record, value, batch) : route.error;
        if (refusal === undefined) continue;
        rejections.push({ record, reason: refusal.code, message: refusal.message, schemaId });
      }
      for (const { table, days } of blocks.values())
        if (table.keeps === "events") await partitions.ensure(table.name, days);
    } catch (error) {
      release(blocks.values());
      throw error;
    }
    // Always in the same order, so that two transactions cannot wait for each other's table.
    const ordered = [...blocks.values()].sort((a, b) => (a.table.name < b.table.name ? -1 : 1));
    return deliveryOf(ordered, rejections, batch);
  }

  async function findRoute(schemaId: number): Promise<SchemaRoute> {
    const route = await parts.routeOf(schemaId);
    // An unknown id is asked for again: the schema may be registered a moment later.
    if (route.ok || route.error.code !== "sink_schema_unknown") routes.set(schemaId, route);
    return route;
  }

  function append(
    route: SchemaRoute & { ok: true },
    blocks: Map<EventTable, RowBlock>,
    record: KafkaRecord,
    value: Buffer,
    source: RowSource,
  ): PipelineError | undefined {
    let block = blocks.get(route.table);
    if (block === undefined) {
      const rows = spareBuffers.pop() ?? new RowBuffer();
      rows.at = 0;
      const counts = route.table.counted ? { counts: new MinuteCounts() } : {};
      block = { table: route.table, rows, ends: [], records: [], days: new Set(), ...counts };
      blocks.set(route.table, block);
    }
    try {
      const start = block.rows.at;
      const minute = route.write(record, value, block.rows, source);
      block.counts?.add(minute, record.offset, block.rows, start);
      block.days.add(dayOf(minute));
    } catch (error) {
      if (error instanceof PipelineError) return error;
      throw error;
    }
    block.ends.push(block.rows.at);
    block.records.push(record);
    return undefined;
  }

  function deliveryOf(blocks: readonly RowBlock[], unreadable: readonly Rejection[], from: SinkBatch): Delivery {
    let outcomes: { readonly table: string; readonly stored: number; readonly duplicates: number }[] = [];
    return {
      rows: blocks.reduce((sum, block) => sum + block.ends.length, 0),
      async write(tx, manner: Manner) {
        outcomes = [];
        const rejections = [...unreadable];
        const counted: Parameters<typeof writeCounts>[2][number][] = [];
        for (const block of blocks) {
          if (block.ends.length === 0) continue;
          const outcome = await storeBlock(tx, block, manner);
          rejections.push(...outcome.rejections);
          const stored = block.ends.length - outcome.duplicates - outcome.rejections.length;
          outcomes.push({ table: block.table.name, stored, duplicates: outcome.duplicates });
          const { counts } = block;
          if (counts !== undefined) counted.push({ table: block.table.name, counts, allNew: outcome.allNew });
        }
        await writeCounts(tx, from, counted);
        return rejections;
      },
      written: () => ({
        stored: outcomes.reduce((sum, { stored }) => sum + stored, 0),
        present: outcomes.reduce((sum, { duplicates }) => sum + duplicates, 0),
      }),
      committed() {
        for (const { table, stored, duplicates } of outcomes) {
          rowsTotal.inc({ table, outcome: "stored" }, stored);
          if (duplicates > 0) rowsTotal.inc({ table, outcome: "duplicate" }, duplicates);
        }
      },
      release: () => release(blocks),
    };
  }

  function release(blocks: Iterable<RowBlock>): void {
    for (const { rows } of blocks) if (rows.bytes.length <= keptBufferBytes) spareBuffers.push(rows);
  }
}
