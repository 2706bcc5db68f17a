import type { OutboxRow, StateRow, StateStore } from "../../store/index.ts";

/**
 * A state store in memory with the rules of the one in Postgres: a claim fences older ones, a change happens whole or not at all. What it holds
 * outlives a crash of the processor, as a database does.
 * @param point is called before and after each effect; it may throw, as a process may die there.
 */
export function createMemoryStateStore(point: (name: string) => void = () => undefined) {
  const states = new Map<string, StateRow>();
  let outbox: OutboxRow[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  let epoch = 0n;
  let nextOffset = 0n;
  let lastId = 0n;
  const around = async <T>(name: string, work: () => T): Promise<T> => {
    point(`before ${name}`);
    const value = work();
    await Promise.resolve();
    point(`after ${name}`);
    return value;
  };
  const inOrder = (a: StateRow, b: StateRow) =>
    (a.wakeMs as number) - (b.wakeMs as number) || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));

  const store: StateStore = {
    watermark: () => around("watermark", () => watermark),
    read: (_partition, keys) => around("read", () => keys.flatMap((key) => states.get(key) ?? [])),
    due: (_partition, until, limit) =>
      around("due", () =>
        [...states.values()]
          .filter(({ wakeMs }) => wakeMs !== undefined && wakeMs <= until)
          .sort(inOrder)
          .slice(0, limit),
      ),
    commit: (_partition, change) =>
      around("commit", () => {
        if (change.epoch !== epoch || change.expected !== nextOffset) return undefined;
        nextOffset = change.next;
        watermark = change.watermarkMs;
        for (const [key, state] of change.states) {
          if (state === undefined) states.delete(key);
          else states.set(key, { key, ...state });
        }
        const rows = change.outbox.map((record) => ({ ...record, id: ++lastId }));
        outbox.push(...rows);
        return rows.map(({ id }) => id);
      }),
    outbox: (_partition, limit) => around("outbox", () => outbox.slice(0, limit)),
    acknowledge: (ids) =>
      around("acknowledge", () => {
        outbox = outbox.filter(({ id }) => !ids.includes(id));
      }),
  };
  return {
    store,
    /** Takes the partition over. */
    claim: () => ({ epoch: ++epoch, nextOffset }),
    states,
    get outboxSize() {
      return outbox.length;
    },
  };
}
