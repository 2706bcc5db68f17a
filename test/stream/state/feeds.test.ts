import fc from "fast-check";
import { expect, test } from "vitest";
import {
  forward,
  lateEventTopic,
  type Reader,
  type RememberingStep,
  readAnnounced,
  rememberingFlow,
  windowedFlow,
} from "../../../stream/index.ts";
import { announcement } from "../../../stream/state/announcement.ts";
import { createFeeds } from "../../../stream/state/feeds.ts";
import { createTopologyDriver, dieEverywhere } from "../../support/topology-driver.ts";

const told = (flow: string, partition: number, watermarkMs: number, resting = false) =>
  announcement({ flow, partition, of: 2, watermarkMs, resting });

test("event time is the least of all partitions of all flows, and none before each was heard of", () => {
  const feeds = createFeeds(["a", "b"]);
  for (const [what, watermark] of [
    [told("a", 0, 500), -Infinity],
    [told("a", 1, 300), -Infinity],
    [told("b", 0, 900), -Infinity],
    [told("b", 1, -Infinity), -Infinity],
    [told("b", 1, 200), 200],
    [told("b", 1, 600), 300],
    // What a restart tells again is overtaken already.
    [told("b", 1, 100), 300],
  ] as const) {
    feeds.hear(what);
    expect(feeds.watermark()).toBe(watermark);
  }
  expect(createFeeds(["a", "b"], feeds.toText()).watermark()).toBe(300);
});

test("who rests is not waited for, and when all rest nobody is", () => {
  const feeds = createFeeds(["a"]);
  feeds.hear(told("a", 0, 500));
  expect(feeds.resting).toBe(false);
  feeds.hear(told("a", 1, -Infinity, true));
  expect(feeds.watermark()).toBe(500);
  expect(feeds.resting).toBe(false);
  feeds.hear(told("a", 1, 100));
  expect(feeds.watermark()).toBe(100);
  feeds.hear(told("a", 1, 100, true));
  feeds.hear(told("a", 0, 500, true));
  expect(feeds.watermark()).toBe(500);
  expect(feeds.resting).toBe(true);
  expect(createFeeds(["a"], feeds.toText()).resting).toBe(true);
  // One that was never heard of is not resting.
  expect(createFeeds(["a", "b"], feeds.toText()).resting).toBe(false);
});

type Ping = { readonly id: number; readonly user: string; readonly city: string; readonly time: number };
const readPing: Reader<Ping> = function readPing({ value }) {
  return forward(JSON.parse(String(value)) as Ping);
};
const recordOf = (ping: Ping, key: string) => ({
  ...{ key, value: Buffer.from(JSON.stringify(ping)), headers: { ce_id: `${ping.user}/${ping.id}` } },
});

const latenessMs = 2_000;
/** Hands each ping on under the key of its city. */
const handOn: RememberingStep<Ping, null, Ping> = {
  keyOf: ({ user }) => user,
  timeOf: ({ time }) => time,
  take: (_state, ping) => ({ state: undefined, emit: [ping] }),
  wake: () => ({ state: undefined, emit: [] }),
};
const feed = (name: string) =>
  rememberingFlow({
    ...{ name, source: name, read: readPing, step: handOn, latenessMs, outputs: ["by-city"], announcesTo: "by-city" },
    write: (ping) => ({ topic: "by-city", ...recordOf(ping, ping.city) }),
  });
const cities = windowedFlow<Ping, readonly string[]>({
  name: "count-by-city",
  source: "by-city",
  fedBy: ["calls", "rides"],
  read: readAnnounced(readPing),
  windows: { sizeMs: 10_000, allowedLatenessMs: 0 },
  aggregate: {
    keyOf: ({ city }) => city,
    timeOf: ({ time }) => time,
    add(known = [], { user, id }) {
      const name = `${user}/${id}`;
      return known.includes(name) ? known : [...known, name].sort();
    },
  },
  latenessMs: 0,
  write: ({ key, startMs, value }) => ({
    ...{ topic: "counts", key, value: Buffer.from(`${key} ${startMs}: ${value.join(" ")}`) },
    headers: { ce_id: `${key} ${startMs}` },
  }),
  outputs: ["counts"],
});

/** What each city's windows must come to, from the pings alone. */
function expected(pings: readonly Ping[]): string[] {
  const windows = new Map<string, Set<string>>();
  for (const { city, time, user, id } of pings) {
    const window = `${city} ${Math.floor(time / 10_000) * 10_000}`;
    windows.set(window, (windows.get(window) ?? new Set()).add(`${user}/${id}`));
  }
  return [...windows].map(([window, ids]) => `${window}: ${[...ids].sort().join(" ")}`).sort();
}

async function play(
  pings: readonly (Ping & { readonly to: string })[],
  parts: { readonly deaths?: readonly number[]; readonly batchSize?: number; readonly partitions?: number } = {},
) {
  const driver = createTopologyDriver({
    ...{ remembering: [feed("calls"), feed("rides"), cities], partitions: 3, ...parts },
    idleMs: 5_000,
  });
  for (const { to, ...ping } of pings) driver.write(to, [recordOf(ping, ping.user)]);
  await driver.run();
  for (let i = 0; i < 6; i++) await driver.advance(5_000);
  return driver;
}
const counts = (driver: Awaited<ReturnType<typeof play>>) =>
  driver
    .distinct("counts")
    .map(({ value }) => String(value))
    .sort();

test("each partition is read to its end before the next, and nothing is too late where all of them meet", async () => {
  const pings = fc.array(
    fc.record({
      ...{ user: fc.constantFrom("u1", "u2", "u3", "u4", "u5", "u6"), city: fc.constantFrom("nyc", "sfo", "lax") },
      ...{ to: fc.constantFrom("calls", "rides"), time: fc.nat(120_000) },
    }),
    { minLength: 1, maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(pings, fc.integer({ min: 1, max: 20 }), async (plan, batchSize) => {
      // In the order of time at the source, as the feeds demand; hours apart where they meet.
      const all = plan.map((ping, id) => ({ id, ...ping })).sort((a, b) => a.time - b.time);
      const driver = await play(all, { batchSize });
      expect(driver.output(lateEventTopic)).toEqual([]);
      expect(counts(driver)).toEqual(expected(all));
    }),
    { numRuns: 60 },
  );
});

test("a death at every effect in turn changes nothing where the feeds meet", async () => {
  const all = [1, 12, 40].flatMap((s, id) => [
    { id, user: `u${id % 4}`, city: "nyc", to: "calls", time: s * 1_000 },
    { id, user: `u${id % 3}`, city: "sfo", to: "rides", time: s * 1_000 + 500 },
  ]);
  const times = await dieEverywhere(
    (deaths) => play(all, { deaths, batchSize: 2, partitions: 1 }),
    (driver, where) => {
      expect(counts(driver), where).toEqual(expected(all));
      expect(driver.waiting, where).toBe(0);
    },
  );
  expect(times).toBeGreaterThan(100);
});
