import type { KafkaRecord, RecordBatch } from "../../kafka/index.ts";
import type { OutboxRecord, StateStore } from "../../store/index.ts";
import { type Arrived, openPartition } from "../state/open-partition.ts";
import { createPartitionClock } from "../state/partition-clock.ts";
import type { RememberingFlow } from "../state/remembering-flow.ts";

export type RebuildPartitionParts = {
  readonly flow: RememberingFlow;
  readonly store: StateStore;
  readonly partition: number;
  readonly epoch: bigint;
  readonly nextOffset: bigint;
  readonly idleMs: number;
  readonly maxCachedKeys: number;
  /** Resolves when the results are written. @param atMs what the clock showed when they were told */
  readonly tell: (records: readonly OutboxRecord[], partition: number, atMs: number) => Promise<void>;
};

export type RebuildPartition = {
  readonly nextOffset: bigint;
  take(batch: RecordBatch): Promise<void>;
  /** Lets the time of the partition go on to where the clock takes it by `nowMs`. */
  rest(nowMs: number): Promise<void>;
};

/** So often the live processor looks at its clock. */
const tickMs = 1_000;

/**
 * Takes the records of one partition once more, as the live processor took them: its clock is the time at which each record arrived, so that where the
 * live one let time go on since nothing came, this one does.
 */
export async function rebuildPartition(parts: RebuildPartitionParts): Promise<RebuildPartition> {
  const { flow, partition, idleMs } = parts;
  let clockMs = 0;
  const send = (records: readonly OutboxRecord[]) => parts.tell(records, partition, clockMs);
  const memory = await openPartition({ ...parts, send });
  const stall = flow.maxStallMs === undefined ? {} : { maxStallMs: flow.maxStallMs };
  let clock: ReturnType<typeof createPartitionClock> | undefined;
  /** Where event time stands behind the records that are held and not taken yet. */
  let reached = memory.watermark;
  let held: Arrived[] = [];

  async function flush(next: bigint): Promise<void> {
    if (next > memory.nextOffset) fencedNever(await memory.take(held, next));
    held = [];
    reached = Math.max(reached, memory.watermark);
  }

  async function letTimePass(nowMs: number, next: bigint): Promise<void> {
    const moment = clock?.reached(nowMs) ?? Number.NEGATIVE_INFINITY;
    if (moment <= reached) return;
    await flush(next);
    clockMs = nowMs;
    fencedNever(await memory.pass(moment));
    reached = Math.max(moment, memory.watermark);
  }

  async function read(record: KafkaRecord, nextOffset: bigint): Promise<Arrived[]> {
    const read = flow.read(record, { topic: flow.source, partition });
    const verdict = read instanceof Promise ? await read : read;
    // What cannot be read is a dead letter of the live processor already.
    return verdict.type === "forward"
      ? verdict.records.map((one) => ({ record: one, nextOffset, source: record }))
      : [];
  }

  return {
    get nextOffset() {
      return memory.nextOffset;
    },
    async take(batch) {
      for (const record of batch.records) {
        const offset = BigInt(record.offset);
        if (offset < memory.nextOffset) continue;
        const arrivedMs = Number(record.timestamp);
        clock ??= createPartitionClock({ idleMs, ...stall }, arrivedMs, reached, memory.timeIsTold);
        // What feeds announce brings time forward only when it is taken.
        if (flow.fedBy !== undefined && arrivedMs - clockMs >= tickMs) {
          await flush(offset);
          clock.took(clockMs, reached, true, memory.timeIsTold);
        }
        await letTimePass(arrivedMs, offset);
        clockMs = Math.max(clockMs, arrivedMs);
        const arrived = await read(record, offset + 1n);
        if (flow.fedBy === undefined)
          for (const one of arrived) reached = Math.max(reached, flow.step.timeOf(one.record) - flow.latenessMs);
        held.push(...arrived);
        clock.took(arrivedMs, reached, true, memory.timeIsTold);
      }
      await flush(batch.nextOffset);
    },
    rest: (nowMs) => letTimePass(nowMs, memory.nextOffset),
  };
}

/** Nobody else knows the name under which a rebuild reads. */
function fencedNever<T>(progress: T | undefined): void {
  if (progress === undefined) throw new Error("a rebuild was fenced");
}
