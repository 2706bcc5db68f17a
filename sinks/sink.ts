import type { KafkaRecord } from "../kafka/index.ts";
import type { ErrorCode, Service } from "../runtime/index.ts";
import type { Transaction } from "../store/index.ts";

/** Records of one partition, in order, that are to be stored by one transaction. */
export type SinkBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
};

/** One record that can never be stored, and why. */
export type Rejection = {
  readonly record: KafkaRecord;
  readonly reason: ErrorCode;
  readonly message: string;
  readonly sqlState?: string;
  readonly schemaId?: number;
};

/**
 * How to write: `fast` may fail the whole transaction with store_rejected when any row is a duplicate or refused; `careful` stores
 * what can be stored, whatever the rest is like.
 */
export type Manner = "fast" | "careful";

/** Rows that are new, changed or deleted, and those that were there already or would have taken the place of newer ones. */
export type Written = { readonly stored: number; readonly present: number };

/** A batch that is decoded and ready to be written, as often as it takes. */
export type Delivery = {
  /** Rows that will be written; the other records are rejected or say nothing (tombstones). */
  readonly rows: number;
  /**
   * Writes inside `tx` and gives the records that cannot be stored, those found by decoding included.
   * @throws PipelineError store_unavailable (write again), store_rejected (only when `fast`: write again, `careful`), store_failed
   */
  write(tx: Transaction, manner: Manner): Promise<readonly Rejection[]>;
  /** What the last write came to. */
  written(): Written;
  /** To be called once after the transaction is committed: counts what was stored. */
  committed(): void;
  /** To be called once at the end, whatever happened: gives the memory back. */
  release(): void;
};

/**
 * Where records go. The runner owns order, checkpoints, dead letters and retries; a sink knows how records become rows.
 * `start` fails when the target is not as the sink needs it.
 */
export type Sink = Service & {
  /** What a record is by itself is decided here, outside of any transaction. @throws PipelineError retryable ones */
  prepare(batch: SinkBatch): Promise<Delivery>;
};
