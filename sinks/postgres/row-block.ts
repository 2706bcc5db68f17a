import type { KafkaRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import { sqlStateOf, sqlStates, type Transaction } from "../../store/index.ts";
import type { Manner, Rejection } from "../sink.ts";
import type { EventTable } from "./event-table.ts";
import type { MinuteCounts } from "./minute-counts.ts";
import { refusedByDatabase } from "./refused.ts";
import { copyHeader, copyTrailer, type RowBuffer } from "./row-buffer.ts";

/** The rows of one table in one batch: their COPY bytes, where each row ends, and which record it came from. */
export type RowBlock = {
  readonly table: EventTable;
  readonly rows: RowBuffer;
  readonly ends: number[];
  readonly records: KafkaRecord[];
  readonly days: Set<number>;
  /** For the audit ledger; absent where the rows are not counted. */
  readonly counts?: MinuteCounts;
};

/** What became of a block. */
export type BlockOutcome = {
  readonly duplicates: number;
  readonly rejections: readonly Rejection[];
  /** No row went through the stage, whose statements count by themselves. */
  readonly allNew: boolean;
};

/**
 * Stores a block inside a transaction.
 *
 * `fast`: one COPY straight into the table, or through the stage when duplicates are expected; a refused row fails the transaction
 * with store_rejected. `careful`: through the stage inside savepoints. A row that COPY refuses is named by it; where the table itself refuses one, the block is cut
 * in halves until the refused rows are alone.
 */
export async function storeBlock(tx: Transaction, block: RowBlock, manner: Manner): Promise<BlockOutcome> {
  const { caution } = block.table;
  if (manner === "careful") {
    const rejections: Rejection[] = [];
    const duplicates = await storeCarefully(tx, block, rejections);
    caution.staged(duplicates);
    return {
      duplicates,
      allNew: false,
      rejections: rejections.sort((a, b) => Number(BigInt(a.record.offset) - BigInt(b.record.offset))),
    };
  }
  if (block.table.keeps === "latest")
    return { duplicates: await throughStage(tx, block), rejections: [], allNew: false };
  if (caution.expectsDuplicates) {
    const duplicates = await throughStage(tx, block);
    caution.staged(duplicates);
    return { duplicates, rejections: [], allNew: false };
  }
  try {
    await tx.copyIn(block.table.copySql, allDataOf(block));
    return { duplicates: 0, rejections: [], allNew: true };
  } catch (error) {
    if (sqlStateOf(error) === sqlStates.uniqueViolation) caution.surprised();
    throw error;
  }
}

/** @returns the number of rows that were there already, or gave way to others */
async function throughStage(tx: Transaction, block: RowBlock): Promise<number> {
  const { stage } = block.table;
  await tx.oncePerConnection(stage.createSql);
  await tx.copyIn(stage.copySql, allDataOf(block));
  return block.ends.length - (await tx.execute(stage.insertSql));
}

/**
 * Stores every row of a block that can be stored. A row that COPY refuses is named by it and left out of the next COPY. Where the table itself refuses one, the
 * rows in the stage are inserted in halves, about log2(n) statements a refused row: when the first half goes in, the fault is known to be in the second.
 * @returns the number of rows that were there already, or gave way to others
 */
async function storeCarefully(tx: Transaction, block: RowBlock, out: Rejection[]): Promise<number> {
  const { stage } = block.table;
  await tx.oncePerConnection(stage.createSql);
  const refused: number[] = [];
  let duplicates = 0;
  // Each refused row costs another COPY of the rest, so after some of them the block is taken in pieces, ever smaller ones.
  const pieces: { from: number; to: number }[] = [{ from: 0, to: block.ends.length }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const rows = await stageRows(tx, block, piece, refused, out);
    if (rows === undefined) {
      const middle = piece.from + Math.floor((piece.to - piece.from) / 2);
      pieces.push({ from: middle, to: piece.to }, { from: piece.from, to: middle });
      continue;
    }
    duplicates += await insertPart(tx, block, rows, 0, rows.length, out);
    // What is stored must not be stored again by the next piece.
    if (pieces.length > 0) await tx.execute(`delete from pg_temp."stage_${block.table.name}"`);
  }
  return duplicates;
}

/** With more refused rows than this in a piece, it is cut in halves. */
const mostRefusedOfPiece = 16;

/** Copies a piece into the stage without the rows that COPY refuses; gives the numbers of the rows that are there, or undefined when too many are refused. */
async function stageRows(
  tx: Transaction,
  block: RowBlock,
  piece: { readonly from: number; readonly to: number },
  known: number[],
  out: Rejection[],
): Promise<readonly number[] | undefined> {
  const isKnown = new Set(known);
  for (let tries = 0; ; tries++) {
    const rows: number[] = [];
    for (let row = piece.from; row < piece.to; row++) if (!isKnown.has(row)) rows.push(row);
    if (rows.length === 0) return rows;
    try {
      await tx.savepoint(() => tx.copyIn(block.table.stage.copySql, dataOf(block, rows)));
      return rows;
    } catch (error) {
      if (!PipelineError.is(error, "store_rejected")) throw error;
      const line = copyLineOf(error);
      const row = line === undefined ? undefined : rows[line - 1];
      if (row === undefined && rows.length > 1) return undefined;
      const bad = row ?? (rows[0] as number);
      isKnown.add(bad);
      known.push(bad);
      out.push(rejectionOf(block, bad, error));
      if (tries >= mostRefusedOfPiece && rows.length > 1) return undefined;
    }
  }
}

/** Inserts a part of the stage; `fails` when it is known that it cannot go in as a whole. */
async function insertPart(
  tx: Transaction,
  block: RowBlock,
  rows: readonly number[],
  from: number,
  to: number,
  out: Rejection[],
  fails = false,
): Promise<number> {
  if (from === to) return 0;
  if (!fails || to - from === 1) {
    try {
      return to - from - (await tx.attempt(block.table.stage.insertPartSql(from, to - from)));
    } catch (error) {
      if (!PipelineError.is(error, "store_rejected")) throw error;
      if (to - from === 1) {
        out.push(rejectionOf(block, rows[from] as number, error));
        return 0;
      }
    }
  }
  const middle = from + Math.floor((to - from) / 2);
  const before = out.length;
  const first = await insertPart(tx, block, rows, from, middle, out);
  return first + (await insertPart(tx, block, rows, middle, to, out, out.length === before));
}

/** The row that a COPY failed at, counted from 1; undefined when it was another statement that failed. */
function copyLineOf(error: unknown): number | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const line = /^COPY \S+, line (\d+)/m.exec(String((e as { where?: unknown }).where ?? ""))?.[1];
    if (line !== undefined) return Number(line);
  }
  return undefined;
}

const rejectionOf = (block: RowBlock, row: number, error: PipelineError): Rejection =>
  refusedByDatabase(block.records[row] as KafkaRecord, error);

const allDataOf = (block: RowBlock): readonly Buffer[] => [
  copyHeader,
  block.rows.bytes.subarray(0, block.ends.at(-1) ?? 0),
  copyTrailer,
];

/** The data of some rows, in order: a buffer for each run of rows that lie behind each other. */
function dataOf(block: RowBlock, rows: readonly number[]): readonly Buffer[] {
  const startOf = (row: number) => (row === 0 ? 0 : (block.ends[row - 1] ?? 0));
  const runs: Buffer[] = [];
  for (let i = 0; i < rows.length; ) {
    const first = i++;
    while (i < rows.length && rows[i] === (rows[i - 1] as number) + 1) i++;
    runs.push(block.rows.bytes.subarray(startOf(rows[first] as number), block.ends[rows[i - 1] as number]));
  }
  return [copyHeader, ...runs, copyTrailer];
}
