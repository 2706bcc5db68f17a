import type { KafkaRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import { sqlStateOf, sqlStates, type Transaction } from "../../store/index.ts";
import { refusedByDatabase } from "../postgres/refused.ts";
import { copyHeader, copyTrailer, type RowBuffer } from "../postgres/row-buffer.ts";
import type { RowSource } from "../postgres/row-writer.ts";
import type { Manner, Rejection } from "../sink.ts";
import type { UpsertTable } from "./upsert-table.ts";

/** What one record does to its key: the row in `from`..`to` of the buffer, or, where that is empty, a delete. */
export type Operation = {
  readonly key: string;
  readonly record: KafkaRecord;
  readonly from: number;
  readonly to: number;
};

/** The operations on one table in one batch, in the order of their offsets. */
export type UpsertBlock = {
  readonly table: UpsertTable;
  readonly rows: RowBuffer;
  readonly operations: Operation[];
};

export type UpsertOutcome = {
  readonly stored: number;
  readonly deleted: number;
  /** Operations that had no effect: a newer one of their key was there, or came later in the batch. */
  readonly superseded: number;
  readonly rejections: readonly Rejection[];
};

/** Above this many pieces of the buffer it is cheaper to copy them into one. */
const mostPieces = 32;

/**
 * Brings a table to the state that its operations lead to one by one. Of several operations on a key only the last is sent, in whatever
 * order kinds are mixed; one that is refused is taken out by halving (`careful`), and then the one before it counts.
 */
export async function storeUpserts(
  tx: Transaction,
  block: UpsertBlock,
  source: RowSource,
  manner: Manner,
): Promise<UpsertOutcome> {
  const { operations } = block;
  const rejections: Rejection[] = [];
  const sum = { stored: 0, deleted: 0 };
  const add = ({ stored, deleted }: { readonly stored: number; readonly deleted: number }) => {
    sum.stored += stored;
    sum.deleted += deleted;
  };
  if (manner === "fast") add(await apply(tx, block, source, operations, block.table.newKeys.areLikely));
  else await bisect(operations);
  const superseded = operations.length - sum.stored - sum.deleted - rejections.length;
  return { ...sum, superseded, rejections };

  async function bisect(part: readonly Operation[]): Promise<void> {
    try {
      add(
        await tx.savepoint(async () => {
          const done = await apply(tx, block, source, part, false);
          // What is stored must not be stored again by the next part; where nothing was staged there may be no stage.
          if (done.staged) await tx.execute(block.table.stage.emptySql);
          return done;
        }),
      );
    } catch (error) {
      if (!PipelineError.is(error, "store_rejected")) throw error;
      const [only] = part;
      if (part.length === 1 && only !== undefined) {
        rejections.push(refusedByDatabase(only.record, error));
        return;
      }
      // In their order: the halves lead to the same state as the whole.
      const middle = Math.floor(part.length / 2);
      await bisect(part.slice(0, middle));
      await bisect(part.slice(middle));
    }
  }
}

async function apply(
  tx: Transaction,
  block: UpsertBlock,
  source: RowSource,
  operations: readonly Operation[],
  keysAreNew: boolean,
) {
  const { table } = block;
  const last = new Map<string, Operation>();
  for (const operation of operations) last.set(operation.key, operation);
  const isUpsert = ({ from, to }: Operation) => to > from;
  // In the order of the buffer, so that neighbours go out as one piece.
  const upserts = operations.filter((each) => isUpsert(each) && last.get(each.key) === each);
  // In the order of keys, so that two transactions cannot wait for each other's rows.
  const deletes = [...last.values()].filter((each) => !isUpsert(each)).sort((a, b) => (a.key < b.key ? -1 : 1));
  let stored = 0;
  let staged = false;
  if (upserts.length > 0) {
    const rows = [copyHeader, ...piecesOf(block.rows, upserts), copyTrailer];
    if (keysAreNew && (await copyNew(tx, table, rows))) stored = upserts.length;
    else {
      await tx.oncePerConnection(table.stage.createSql);
      await tx.copyIn(table.stage.copySql, rows);
      stored = await tx.execute(table.upsertSql);
      staged = true;
      table.newKeys.passed();
    }
  }
  const deleted =
    deletes.length === 0
      ? 0
      : await tx.execute(table.deleteSql, [
          deletes.map(({ key }) => key),
          deletes.map(({ record }) => record.offset),
          deletes.map(({ record }) => new Date(Number(record.timestamp)).toISOString()),
          source.topic,
          source.partition,
        ]);
  return { stored, deleted, staged };
}

/** One COPY straight into the table, twice as fast as through the stage; false, and nothing stored, when it has one of the keys. */
async function copyNew(tx: Transaction, table: UpsertTable, rows: readonly Buffer[]): Promise<boolean> {
  try {
    await tx.savepoint(() => tx.copyIn(table.copySql, rows));
    table.newKeys.wereNew();
    return true;
  } catch (error) {
    if (sqlStateOf(error) !== sqlStates.uniqueViolation) throw error;
    table.newKeys.wereNot();
    return false;
  }
}

function piecesOf(rows: RowBuffer, upserts: readonly Operation[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let from = -1;
  let to = -1;
  for (const each of upserts) {
    if (each.from !== to) {
      if (from >= 0) pieces.push(rows.bytes.subarray(from, to));
      from = each.from;
    }
    to = each.to;
  }
  pieces.push(rows.bytes.subarray(from, to));
  return pieces.length > mostPieces ? [Buffer.concat(pieces)] : pieces;
}
