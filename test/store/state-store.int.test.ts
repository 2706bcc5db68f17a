import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claim, createPostgresStateStore, type StateChange, type StateStore } from "../../store/index.ts";
import { createTestDatabase, type TestDatabase } from "../sinks/pipeline.ts";
import { createMemoryStateStore } from "../support/memory-state-store.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase("state");
});
afterAll(() => db.drop());

type Subject = { readonly store: StateStore; claim(): Promise<{ epoch: bigint; nextOffset: bigint }> };
const subjects: Record<string, () => Subject> = {
  Postgres: () => ({
    store: createPostgresStateStore(db.sink, "consumer", "topic"),
    claim: () => claim(db.sink, "consumer", "topic", 3, 0n),
  }),
  memory: () => {
    const memory = createMemoryStateStore();
    return { store: memory.store, claim: async () => memory.claim(3) };
  },
};

/** The rules that crash tests in memory count on hold in the database too. */
describe.each(Object.keys(subjects))("the state store in %s", (name) => {
  const partition = 3;
  const record = (key: string) => ({
    topic: "trips",
    key,
    value: Buffer.from([0, 1, 255]),
    headers: { b: "2", a: "ü" },
  });
  const change = (epoch: bigint, expected: bigint, next: bigint, more: Partial<StateChange> = {}): StateChange => ({
    ...{ epoch, expected, next, watermarkMs: 0, states: new Map(), outbox: [] },
    ...more,
  });

  test("keeps states, wakes them in the order of time and bytes, forgets, and remembers the watermark", async () => {
    const { store, claim } = (subjects[name] as () => Subject)();
    const { epoch, nextOffset } = await claim();
    expect(await store.watermark(partition)).toBe(Number.NEGATIVE_INFINITY);
    const states = new Map(
      ["b", "a", "ü", "Z", "😀", "\uffee"].map((key) => [key, { value: `"${key}"`, wakeMs: key === "b" ? 50 : 100 }]),
    );
    states.set("never", { value: "1", wakeMs: undefined as never });
    const none = change(epoch, nextOffset, nextOffset + 5n, { states, watermarkMs: 1_234.5 });
    expect(await store.commit(partition, none)).toEqual([]);
    expect(Math.floor(await store.watermark(partition))).toBe(1_234);
    expect((await store.due(partition, 100, 10)).map(({ key }) => key)).toEqual(["b", "Z", "a", "ü", "\uffee", "😀"]);
    expect((await store.due(partition, 100, 2)).map(({ key }) => key)).toEqual(["b", "Z"]);
    expect(await store.due(partition, 49, 10)).toEqual([]);
    expect(await store.read(partition, ["a", "nobody"])).toEqual([{ key: "a", value: '"a"', wakeMs: 100 }]);
    const forget = new Map([
      ["a", undefined],
      ["b", { value: "2", wakeMs: 300 }],
    ]);
    await store.commit(partition, change(epoch, nextOffset + 5n, nextOffset + 6n, { states: forget }));
    expect((await store.due(partition, 300, 10)).map(({ key }) => key)).toEqual(["Z", "ü", "\uffee", "😀", "b"]);
  });

  test("keeps the outbox in order, byte for byte, until it is acknowledged", async () => {
    const { store, claim } = (subjects[name] as () => Subject)();
    const { epoch, nextOffset } = await claim();
    const outbox = ["1", "2", "3"].map(record);
    const ids = await store.commit(partition, change(epoch, nextOffset, nextOffset + 1n, { outbox }));
    const rows = await store.outbox(partition, 10);
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(rows.map(({ id: _id, ...rest }) => rest)).toEqual(outbox);
    // Kafka gets the headers in this order.
    expect(Object.keys(rows[0]?.headers ?? {})).toEqual(["b", "a"]);
    await store.acknowledge((ids ?? []).slice(0, 2));
    expect((await store.outbox(partition, 10)).map(({ key }) => key)).toEqual(["3"]);
    await store.acknowledge((ids ?? []).slice(2));
  });

  test("a claim fences older ones, and a change of a place already passed changes nothing", async () => {
    const { store, claim } = (subjects[name] as () => Subject)();
    const old = await claim();
    const { epoch, nextOffset } = await claim();
    const states = new Map([["zombie", { value: "1", wakeMs: 1 }]]);
    const outbox = [record("zombie")];
    const late = change(old.epoch, nextOffset, nextOffset + 1n, { states, outbox });
    expect(await store.commit(partition, late)).toBeUndefined();
    expect(await store.commit(partition, change(epoch, nextOffset, nextOffset + 1n))).toEqual([]);
    const again = change(epoch, nextOffset, nextOffset + 1n, { states, outbox });
    expect(await store.commit(partition, again)).toBeUndefined();
    expect(await store.read(partition, ["zombie"])).toEqual([]);
    expect(await store.outbox(partition, 10)).toEqual([]);
  });
});
