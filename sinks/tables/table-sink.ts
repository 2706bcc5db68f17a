import type { KafkaRecord } from "../../kafka/index.ts";
import { createService, type Metrics, PipelineError } from "../../runtime/index.ts";
import type { Database, Transaction } from "../../store/index.ts";
import type { ConnectorConfig } from "../connectors/config.ts";
import { countRows } from "../postgres/count-rows.ts";
import type { TableDefinition } from "../postgres/create-tables.ts";
import { createDayPartitions, dayOf } from "../postgres/day-partitions.ts";
import type { StoredType } from "../postgres/event-types.ts";
import { type RowBlock, storeBlock } from "../postgres/row-block.ts";
import { RowBuffer } from "../postgres/row-buffer.ts";
import type { FindWriterSchema } from "../postgres/schema-routes.ts";
import type { Delivery, Manner, Rejection, Sink, SinkBatch } from "../sink.ts";
import { compileRoute, type Route } from "./compile-route.ts";
import { type PlannedTable, planTables } from "./plan-tables.ts";
import { storeUpserts, type UpsertBlock } from "./upsert-block.ts";
import { keyTextOf } from "./upsert-table.ts";

export type TableSinkParts = {
  readonly config: ConnectorConfig;
  readonly db: Database;
  /** All types of the catalogue. */
  readonly types: readonly StoredType[];
  readonly findWriter: FindWriterSchema;
  /** Makes sure that tables are there as they are wanted. @throws PipelineError store_schema_behind, store_type_conflict */
  ensureTables(tables: readonly TableDefinition[]): Promise<void>;
  readonly metrics: Metrics;
  /** Whether all that it writes will be rolled back: it makes no partitions then. */
  readonly dryRun?: boolean;
};

type Block =
  | { readonly mode: "insert"; readonly planned: PlannedTable; readonly block: RowBlock }
  | { readonly mode: "upsert"; readonly planned: PlannedTable; readonly block: UpsertBlock };
type Counted = { readonly table: string; readonly outcomes: Readonly<Record<string, number>> };

/** A buffer that one unusual batch has made larger than this is not kept. */
const keptBufferBytes = 8 * 1024 * 1024;

/** Fills the tables of a connector that transforms its records, or keeps one row a key. What only stores events has a faster way of its own. */
export function createTableSink(parts: TableSinkParts): Sink {
  const { config, metrics } = parts;
  const plan = planTables(config, parts.types);
  const rowsTotal = countRows(metrics);
  const filtered = metrics.counter(
    "hailstream_sinks_filtered_total",
    "Records that a filter of their connector held back.",
    ["connector"],
  );
  const routes = new Map<number, Route>();
  const ensured = new Set<PlannedTable>();
  const partitions = createDayPartitions(parts.db, parts.dryRun);
  const spareBuffers: RowBuffer[] = [];
  const forTombstones = config.chain.compile([]);

  return Object.assign(
    createService({
      name: `table sink ${config.name}`,
      start: () => ensure(plan.tables),
      stop: () => undefined,
    }),
    { prepare },
  );

  async function ensure(tables: readonly PlannedTable[]): Promise<void> {
    const missing = tables.filter((table) => !ensured.has(table));
    if (missing.length === 0) return;
    await parts.ensureTables(missing.map((table) => table.definition));
    for (const table of missing) ensured.add(table);
  }

  async function prepare(batch: SinkBatch): Promise<Delivery> {
    const blocks = new Map<PlannedTable, Block>();
    const rejections: Rejection[] = [];
    let held = 0;
    for (const record of batch.records) {
      const { value } = record;
      const schemaId = value !== null && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : undefined;
      try {
        if (value === null) removeFrom(blocks, record, batch);
        else if (schemaId === undefined) {
          const message = "the value does not begin with the magic byte 0 and a schema id";
          throw new PipelineError("sink_record_unreadable", { message });
        } else if (!append(blocks, routes.get(schemaId) ?? (await findRoute(schemaId)), record, value, batch)) held++;
      } catch (error) {
        if (!(error instanceof PipelineError) || error.retryable) {
          release(blocks.values());
          throw error;
        }
        const { code: reason, message } = error;
        rejections.push({ record, reason, message, ...(schemaId === undefined ? {} : { schemaId }) });
      }
    }
    try {
      await ensure([...blocks.keys()]);
      for (const { mode, planned, block } of blocks.values()) {
        if (mode === "insert") await partitions.ensure(planned.name, block.days);
      }
    } catch (error) {
      release(blocks.values());
      throw error;
    }
    // Always in the same order, so that two transactions cannot wait for each other's table.
    const ordered = [...blocks.values()].sort((a, b) => (a.planned.name < b.planned.name ? -1 : 1));
    return deliveryOf(ordered, batch, rejections, held);
  }

  async function findRoute(schemaId: number): Promise<Route> {
    const route = await compileRoute(schemaId, config, plan, parts.findWriter);
    // An unknown id is asked for again: the schema may be registered a moment later.
    if (route.ok || route.error.code !== "sink_schema_unknown") routes.set(schemaId, route);
    return route;
  }

  /** @returns whether the record goes into a table */
  function append(
    blocks: Map<PlannedTable, Block>,
    route: Route,
    record: KafkaRecord,
    value: Buffer,
    batch: SinkBatch,
  ): boolean {
    if (!route.ok) throw route.error;
    const destination = route.destinationOf(record, value, batch);
    if (destination === undefined) return false;
    const { mode, block } = blockOf(blocks, destination.table);
    const { rows } = block;
    const from = rows.at;
    if (mode === "upsert") {
      const key = requireKey(record);
      destination.append(rows);
      block.operations.push({ key, record, from, to: rows.at });
    } else {
      block.days.add(dayOf(destination.append(rows)));
      block.ends.push(rows.at);
      block.records.push(record);
    }
    return true;
  }

  /** A tombstone says no type: the key goes from every table that its topic fills. */
  function removeFrom(blocks: Map<PlannedTable, Block>, record: KafkaRecord, batch: SinkBatch): void {
    if (!config.deletes) return;
    const { topic, partition } = batch;
    const { offset, timestamp, headers } = record;
    const passed = forTombstones.apply({ topic, partition, offset, timestamp, headers, value: null });
    if (passed === undefined) return;
    const key = requireKey(record);
    for (const type of plan.typesOf(topic)) {
      const { mode, block } = blockOf(blocks, plan.tableFor(type, passed.topic));
      if (mode === "upsert") block.operations.push({ key, record, from: block.rows.at, to: block.rows.at });
    }
  }

  function blockOf(blocks: Map<PlannedTable, Block>, planned: PlannedTable): Block {
    const present = blocks.get(planned);
    if (present !== undefined) return present;
    const rows = spareBuffers.pop() ?? new RowBuffer();
    rows.at = 0;
    const { write } = planned;
    const made: Block =
      write.mode === "insert"
        ? { mode: "insert", planned, block: { table: write.table, rows, ends: [], records: [], days: new Set() } }
        : { mode: "upsert", planned, block: { table: write.table, rows, operations: [] } };
    blocks.set(planned, made);
    return made;
  }

  function deliveryOf(
    blocks: readonly Block[],
    batch: SinkBatch,
    unreadable: readonly Rejection[],
    held: number,
  ): Delivery {
    let counted: Counted[] = [];
    return {
      rows: blocks.reduce((sum, block) => sum + sizeOf(block), 0),
      async write(tx, manner) {
        counted = [];
        const rejections = [...unreadable];
        for (const block of blocks) {
          const { outcomes, rejected } = await store(tx, block, batch, manner);
          counted.push({ table: block.planned.name, outcomes });
          rejections.push(...rejected);
        }
        return rejections;
      },
      written() {
        const sum = (outcome: keyof Counted["outcomes"]) =>
          counted.reduce((rows, { outcomes }) => rows + (outcomes[outcome] ?? 0), 0);
        return { stored: sum("stored") + sum("deleted"), present: sum("duplicate") };
      },
      committed() {
        for (const { table, outcomes } of counted) {
          for (const [outcome, rows] of Object.entries(outcomes)) if (rows > 0) rowsTotal.inc({ table, outcome }, rows);
        }
        if (held > 0) filtered.inc({ connector: config.name }, held);
      },
      release: () => release(blocks),
    };
  }

  function release(blocks: Iterable<Block>): void {
    for (const { block } of blocks) if (block.rows.bytes.length <= keptBufferBytes) spareBuffers.push(block.rows);
  }
}

const sizeOf = ({ mode, block }: Block): number => (mode === "upsert" ? block.operations.length : block.ends.length);

async function store(tx: Transaction, { mode, block }: Block, batch: SinkBatch, manner: Manner) {
  if (mode === "upsert") {
    const { stored, deleted, superseded, rejections } = await storeUpserts(tx, block, batch, manner);
    return { outcomes: { stored, deleted, duplicate: superseded }, rejected: rejections };
  }
  if (block.ends.length === 0) return { outcomes: {}, rejected: [] };
  const { duplicates, rejections } = await storeBlock(tx, block, manner);
  const stored = block.ends.length - duplicates - rejections.length;
  return { outcomes: { stored, duplicate: duplicates }, rejected: rejections };
}

function requireKey(record: KafkaRecord): string {
  const key = keyTextOf(record);
  if (key === undefined) {
    throw new PipelineError("sink_key_missing", { message: "the record has no key that is text" });
  }
  return key;
}
