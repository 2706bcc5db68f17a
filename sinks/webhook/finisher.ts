import type { Ended } from "./deliveries.ts";

/** Writes the end of one attempt down and gives whether another delivery of the same alert waited for it. @throws what the database threw */
export type Finisher = (ended: Ended) => Promise<boolean>;

type Waiting = {
  readonly ended: Ended;
  resolve(waited: boolean): void;
  reject(error: unknown): void;
};

/**
 * One write at a time: what ends while it is under way is written together by the next. So nothing waits as long as the database is quick, and a
 * database that is busy gets fewer statements instead of a queue of them.
 */
export function createFinisher(write: (ended: readonly Ended[]) => Promise<ReadonlySet<bigint>>): Finisher {
  let waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = takeBatch();
      try {
        const waited = await write(batch.map(({ ended }) => ended));
        for (const { ended, resolve } of batch) resolve(waited.has(ended.taken.deliveryId));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** Two attempts of one delivery, of which the first outlived its lease, are written one after the other. */
  function takeBatch(): readonly Waiting[] {
    const seen = new Set<bigint>();
    const isFirst = ({ ended }: Waiting) => seen.size < seen.add(ended.taken.deliveryId).size;
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    for (const one of waiting) (isFirst(one) ? batch : later).push(one);
    waiting = later;
    return batch;
  }

  return (ended) =>
    new Promise((resolve, reject) => {
      waiting.push({ ended, resolve, reject });
      if (writing) return;
      writing = true;
      void writeAll().finally(() => {
        writing = false;
      });
    });
}
