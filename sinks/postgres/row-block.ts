import type { KafkaRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import { sqlStateOf, sqlStates, type Transaction } from "../../store/index.ts";
import type { Manner, Rejection } from "../sink.ts";
import type { EventTable } from "./event-table.ts";
import { copyHeader, copyTrailer, type RowBuffer } from "./row-buffer.ts";

/** The rows of one table in one batch: their COPY bytes, where each row ends, and which record it came from. */
export type RowBlock = {
  readonly table: EventTable;
  readonly rows: RowBuffer;
  readonly ends: number[];
  readonly records: KafkaRecord[];
  readonly days: Set<number>;
};

/** What became of a block. */
export type BlockOutcome = { readonly duplicates: number; readonly rejections: readonly Rejection[] };

/**
 * Stores a block inside a transaction.
 *
 * `fast`: one COPY straight into the table, or through the stage when duplicates are expected; a refused row fails the transaction
 * with store_rejected. `careful`: through the stage inside savepoints; a refused block is cut in halves until the refused rows
 * are alone, which takes about 2·log2(n) statements a refused row.
 */
export async function storeBlock(tx: Transaction, block: RowBlock, manner: Manner): Promise<BlockOutcome> {
  const { caution } = block.table;
  const all = block.ends.length;
  if (manner === "careful") {
    const rejections: Rejection[] = [];
    const duplicates = await bisect(tx, block, 0, all, rejections);
    caution.staged(duplicates);
    return { duplicates, rejections };
  }
  if (block.table.keeps === "latest") return { duplicates: await throughStage(tx, block, 0, all), rejections: [] };
  if (caution.expectsDuplicates) {
    const duplicates = await throughStage(tx, block, 0, all);
    caution.staged(duplicates);
    return { duplicates, rejections: [] };
  }
  try {
    await tx.copyIn(block.table.copySql, dataOf(block, 0, all));
    return { duplicates: 0, rejections: [] };
  } catch (error) {
    if (sqlStateOf(error) === sqlStates.uniqueViolation) caution.surprised();
    throw error;
  }
}

/** @returns the number of rows that were there already, or gave way to others */
async function throughStage(tx: Transaction, block: RowBlock, from: number, to: number): Promise<number> {
  const { stage } = block.table;
  await tx.oncePerConnection(stage.createSql);
  await tx.copyIn(stage.copySql, dataOf(block, from, to));
  return to - from - (await tx.execute(stage.insertSql));
}

async function bisect(tx: Transaction, block: RowBlock, from: number, to: number, out: Rejection[]): Promise<number> {
  try {
    return await tx.savepoint(async () => {
      const duplicates = await throughStage(tx, block, from, to);
      // What is stored must not be stored again by the next part of the block.
      await tx.execute(`delete from pg_temp."stage_${block.table.name}"`);
      return duplicates;
    });
  } catch (error) {
    if (!PipelineError.is(error, "store_rejected")) throw error;
    if (to - from === 1) {
      out.push(rejectionOf(block, from, error));
      return 0;
    }
    const middle = from + Math.floor((to - from) / 2);
    return (await bisect(tx, block, from, middle, out)) + (await bisect(tx, block, middle, to, out));
  }
}

function rejectionOf(block: RowBlock, row: number, error: PipelineError): Rejection {
  const record = block.records[row] as KafkaRecord;
  const sqlState = sqlStateOf(error);
  return {
    record,
    reason: error.code,
    message: error.message,
    ...(sqlState === undefined ? {} : { sqlState }),
    ...(record.value === null ? {} : { schemaId: record.value.readInt32BE(1) }),
  };
}

function dataOf(block: RowBlock, from: number, to: number): readonly Buffer[] {
  const start = from === 0 ? 0 : (block.ends[from - 1] ?? 0);
  return [copyHeader, block.rows.bytes.subarray(start, block.ends[to - 1] ?? 0), copyTrailer];
}
