/**
 * Work in lanes: one piece after the other in a lane, at most `concurrency` lanes at the same time. A lane takes one piece
 * ahead, so that its next batch is fetched while the last one is handled.
 */
export type Lanes = {
  /** Resolves when the lane's former work is done and `work`, which must not reject, is about to start behind the caller's back. */
  enter(lane: string, work: () => Promise<void>): Promise<void>;
  /** Resolves when no lane has work. */
  drain(): Promise<void>;
};

export function createLanes(concurrency: number): Lanes {
  const tails = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let free = concurrency;

  async function inSlot(work: () => Promise<void>): Promise<void> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  }

  return {
    async enter(lane, work) {
      const former = tails.get(lane) ?? Promise.resolve();
      const mine = former.then(() => inSlot(work));
      tails.set(lane, mine);
      void mine.then(() => {
        if (tails.get(lane) === mine) tails.delete(lane);
      });
      await former;
    },
    async drain() {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
}
