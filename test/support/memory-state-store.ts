import type { OutboxRow, StateRow, StateStore } from "../../store/index.ts";

/** What a database keeps of one partition of one processor. */
type Kept = {
  readonly states: Map<string, StateRow>;
  outbox: OutboxRow[];
  watermark: number;
  epoch: bigint;
  nextOffset: bigint;
};

export type MemoryStateStore = {
  readonly store: StateStore;
  /** Takes a partition over: whoever held it before is fenced from now on. */
  claim(partition: number): { readonly epoch: bigint; readonly nextOffset: bigint };
  /** What is remembered in all partitions, by key. */
  readonly states: ReadonlyMap<string, StateRow>;
  /** Records that are decided upon and not acknowledged. */
  readonly outboxSize: number;
};

/**
 * A state store in memory with the rules of the one in Postgres: a claim fences older ones, a change happens whole or not at all. What it holds
 * outlives a death of the processor, as a database does.
 * @param point is called before and after each effect; it may throw, as a process may die there.
 */
export function createMemoryStateStore(point: (name: string) => void = () => undefined): MemoryStateStore {
  const partitions = new Map<number, Kept>();
  let lastId = 0n;

  function of(partition: number): Kept {
    const present = partitions.get(partition);
    if (present !== undefined) return present;
    const fresh = {
      ...{ states: new Map<string, StateRow>(), outbox: [] },
      ...{ watermark: Number.NEGATIVE_INFINITY, epoch: 0n, nextOffset: 0n },
    };
    partitions.set(partition, fresh);
    return fresh;
  }

  async function around<T>(name: string, work: () => T): Promise<T> {
    point(`before ${name}`);
    const value = work();
    await Promise.resolve();
    point(`after ${name}`);
    return value;
  }

  const store: StateStore = {
    revisionBase: async () => 0,
    watermark: (partition) => around("watermark", () => of(partition).watermark),
    read: (partition, keys) => around("read", () => keys.flatMap((key) => of(partition).states.get(key) ?? [])),
    due: (partition, until, limit) =>
      around("due", () =>
        [...of(partition).states.values()]
          .filter(({ wakeMs }) => wakeMs !== undefined && wakeMs <= until)
          .sort(inOrder)
          .slice(0, limit),
      ),
    commit: (partition, change) =>
      around("commit", () => {
        const kept = of(partition);
        if (change.epoch !== kept.epoch || change.expected !== kept.nextOffset) return undefined;
        kept.nextOffset = change.next;
        kept.watermark = change.watermarkMs;
        for (const [key, state] of change.states) {
          if (state === undefined) kept.states.delete(key);
          else kept.states.set(key, { key, ...state });
        }
        const rows = change.outbox.map((record) => ({ ...record, id: ++lastId }));
        kept.outbox.push(...rows);
        return rows.map(({ id }) => id);
      }),
    outbox: (partition, limit) => around("outbox", () => of(partition).outbox.slice(0, limit)),
    acknowledge: (ids) =>
      around("acknowledge", () => {
        const gone = new Set(ids);
        for (const kept of partitions.values()) kept.outbox = kept.outbox.filter(({ id }) => !gone.has(id));
      }),
  };
  return {
    store,
    claim(partition) {
      const kept = of(partition);
      kept.epoch++;
      return { epoch: kept.epoch, nextOffset: kept.nextOffset };
    },
    get states() {
      return new Map([...partitions.values()].flatMap(({ states }) => [...states]));
    },
    get outboxSize() {
      return [...partitions.values()].reduce((sum, { outbox }) => sum + outbox.length, 0);
    },
  };
}

function inOrder(a: StateRow, b: StateRow): number {
  return (a.wakeMs as number) - (b.wakeMs as number) || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}
