import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingRecord } from "../../../kafka/index.ts";
import { type EventType, envelopeHeaders, exampleOf, type Schemas } from "../../../schemas/index.ts";
import { diagnosticsFlows } from "../../../stream/diagnostics/flows.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import {
  createTopologyDriver,
  type DriverParts,
  dieEverywhere,
  type TopologyDriver,
} from "../../support/topology-driver.ts";

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 8);
const rules = {
  ...{
    latenessMs: 2 * minute,
    onceKeepMs: 24 * 60 * minute,
    errorSettleMs: minute,
    errorKeepMs: 90 * 24 * 60 * minute,
  },
};
let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

type Event = { readonly at: number; readonly topic: string; readonly record: OutgoingRecord };
type What = { readonly version?: string; readonly frame?: string; readonly fatal?: boolean; readonly who?: number };
/** `at` ms after the start. The id is made of what it is, so that the same arguments are the same event. */
function event(type: string, at: number, topic: string, data: Record<string, unknown>, source: string): Event {
  const id = JSON.stringify([type, at, data]);
  const time = new Date(start + at).toISOString();
  const headers = envelopeHeaders({ id, type, source, time, receivedAt: start + at + 300 });
  return { at, topic, record: { key: schemas.keyOf(type, data), value: schemas.encode(type, data), headers } };
}
function failure(at: number, { version = "9.2.1", frame = "Map.show (map.ts:1)", fatal = false, who = 0 }: What = {}) {
  const data = { session_id: `ses_${who}`, app: "rider", app_version: version, platform: "ios", fatal };
  const error = { error_type: "TypeError", message: "null marker", stack: [frame, "main"] };
  return event("app.error", at, "app-errors", { ...data, ...error }, "/apps/rider/ios/9.9.9");
}
function session(at: number, { version = "9.2.1", who = 0 }: What = {}): Event {
  const data = { rider_id: `rdr_${who}`, session_id: `ses_${who}`, app_version: version };
  return event("rider.session", at, "rider-events", data, "/apps/rider/ios/9.9.9");
}

const quietMs = 7 * 24 * 60 * minute;
/** Pipes events in the order given; then nothing comes for a week. */
async function play(events: readonly Event[], parts: Partial<DriverParts> = {}): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ remembering: diagnosticsFlows(schemas, rules), ...parts });
  for (const { topic, record } of events) driver.write(topic, [record]);
  await driver.run();
  // Once for what the apps sent, once for what was made of it.
  await driver.advance(quietMs);
  await driver.advance(quietMs);
  return driver;
}

type Row = Readonly<Record<string, unknown>>;
async function rows(driver: TopologyDriver, topic: string): Promise<readonly Row[]> {
  const decoded = await Promise.all(
    driver.distinct(topic).map(({ value }) => schemas.decode(value ?? Buffer.alloc(0))),
  );
  return decoded.map((one) => (one.ok ? one.value : {}));
}
/** Of each subject the record with the highest revision, as analysts read it, but for the number of it. */
async function newest(driver: TopologyDriver, topic: string): Promise<Readonly<Record<string, Row>>> {
  const told = await rows(driver, topic);
  const subjects = driver.distinct(topic).map(({ headers }) => (headers as Record<string, string>).ce_subject ?? "");
  const found = new Map<string, Row>();
  for (const [i, row] of told.entries()) {
    const subject = subjects[i] as string;
    if (Number(row.revision) > Number(found.get(subject)?.revision ?? 0)) found.set(subject, row);
  }
  return Object.fromEntries([...found].sort().map(([subject, { revision: _, ...row }]) => [subject, row]));
}
const groups = (driver: TopologyDriver) => newest(driver, "app-error-groups");
const minutes = (driver: TopologyDriver) => newest(driver, "app-version-minutes");

test("errors are grouped by what they have in common and counted by version", async () => {
  const driver = await play([
    failure(0, { who: 1 }),
    failure(1_000, { who: 2, frame: "Map.show (map.ts:77)", fatal: true }),
    failure(2_000, { who: 3, version: "9.3.0" }),
    failure(3_000, { who: 1, frame: "Route.load (route.ts:5)" }),
  ]);
  const found = Object.values(await groups(driver));
  expect(found).toHaveLength(3);
  const [old, fresh] = ["9.2.1", "9.3.0"].map((version) =>
    found.find((row) => row.app_version === version && (row.top_frames as string[])[0] === "Map.show (map.ts)"),
  );
  expect(old).toMatchObject({
    ...{ app: "rider", error_type: "TypeError", top_frames: ["Map.show (map.ts)", "main"], count: 2, fatal_count: 1 },
    ...{ first_seen: start, last_seen: start + 1_000 },
  });
  expect(fresh).toMatchObject({ count: 1, fingerprint: old?.fingerprint });
  expect(String(old?.first_event_id)).toContain("ses_1");
});

test("a group is told again when it has changed, and what was told has the same id each time", async () => {
  const driver = createTopologyDriver({ remembering: diagnosticsFlows(schemas, rules) });
  for (const at of [0, 10, 10 * minute, 20 * minute]) await driver.pipe("app-errors", [failure(at * 1).record]);
  await driver.advance(quietMs);
  await driver.advance(quietMs);
  expect((await rows(driver, "app-error-groups")).map(({ count }) => count)).toEqual([2, 3, 4]);
});

test("every activity has the id and the time of its event, so that their tables can be joined", async () => {
  const sent = failure(5 * minute);
  const driver = await play([sent]);
  const [activity] = driver.output("app-activity");
  expect(activity?.headers).toMatchObject({
    ...{ ce_id: sent.record.headers && (sent.record.headers as Record<string, string>).ce_id, ce_type: "app.activity" },
    ce_time: new Date(start + 5 * minute).toISOString(),
  });
});

test("sessions of the rider app and changes of status in the driver app are uses of the version that sent them", async () => {
  const viewed = exampleOf(schemas.catalogue.types.get("rider.fare_viewed") as EventType);
  const status = { driver_id: "drv_1", status: "open" };
  const driver = await play([
    session(0, { version: "9.2.1" }),
    event("driver.status", 0, "driver-status", status, "/apps/driver/android/7.4.0"),
    event("driver.status", 1, "driver-status", status, "/somewhere"),
    event("rider.fare_viewed", 2, "rider-events", viewed, "/apps/rider/ios/9.2.1"),
  ]);
  const told = await rows(driver, "app-version-minutes");
  expect(told.map(({ app, app_version, uses, errors }) => [app, app_version, uses, errors])).toEqual([
    ["driver", "7.4.0", 1, 0],
    ["rider", "9.2.1", 1, 0],
  ]);
  const away = driver.turnedAway.filter(({ flow }) => flow.startsWith("collect"));
  expect(away.map(({ flow, reason }) => [flow, reason])).toEqual([
    ["collect-rider-sessions", "other event type"],
    ["collect-driver-statuses", "no app version"],
  ]);
});

test("a release that fails more often than the others rises; a fault that hits all versions does not", async () => {
  const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const sessions = [
    ...many(600, (i) => session(i * 1_000, { version: "9.2.1", who: i })),
    ...many(60, (i) => session(i * 10_000, { version: "9.3.0", who: 1_000 + i })),
  ];
  const of = (version: string, count: number) =>
    many(count, (i) => failure(Math.floor((i * 600_000) / count), { version, who: i }));
  const risen = async (errors: readonly Event[]) => {
    const driver = await play([...sessions, ...errors].sort((a, b) => a.at - b.at));
    const told = await rows(driver, "app-version-minutes");
    return [...new Set(told.filter(({ rising }) => rising).map(({ app_version }) => app_version))];
  };
  expect(await risen([...of("9.2.1", 12), ...of("9.3.0", 20)])).toEqual(["9.3.0"]);
  expect(await risen([...of("9.2.1", 60), ...of("9.3.0", 6)])).toEqual([]);
  expect(await risen([...of("9.2.1", 12), ...of("9.3.0", 3)])).toEqual([]);
});

/** Events that come up to `latenessMs` late, in this order of arrival, a fifth of them twice. */
const disorder = fc.array(
  fc.record({
    at: fc.nat(20 * minute),
    delay: fc.nat(rules.latenessMs - 1),
    isError: fc.boolean(),
    again: fc.nat(4),
    later: fc.nat(rules.latenessMs - 1),
    version: fc.constantFrom("9.2.1", "9.3.0"),
    frame: fc.constantFrom("a", "b"),
    fatal: fc.boolean(),
    who: fc.nat(50),
  }),
  { minLength: 1, maxLength: 60 },
);
const arrivals = (
  moves: readonly (What & { at: number; delay: number; isError: boolean; again: number; later: number })[],
) =>
  moves
    .flatMap(({ delay, again, later, isError, ...what }) => {
      const sent = isError ? failure(what.at, what) : session(what.at, what);
      const first = { sent, at: what.at + delay };
      return again === 0 ? [first, { sent, at: what.at + later }] : [first];
    })
    .sort((a, b) => a.at - b.at)
    .map(({ sent }) => sent);

test("disorder within the lateness, repetitions, batches and partitions change no group and no minute", async () => {
  await fc.assert(
    fc.asyncProperty(
      disorder,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (moves, batchSize, partitions) => {
        const events = arrivals(moves);
        const distinct = [...new Map(events.map((one) => [JSON.stringify(one.record.headers), one])).values()];
        const inOrder = await play(distinct.sort((a, b) => a.at - b.at));
        const shuffled = await play(events, { batchSize, partitions });
        expect(await groups(shuffled)).toEqual(await groups(inOrder));
        expect(await minutes(shuffled)).toEqual(await minutes(inOrder));
        const counted = new Map<string, number>();
        for (const { record, topic } of distinct) {
          if (topic !== "app-errors") continue;
          const data = await schemas.decode(record.value ?? Buffer.alloc(0));
          if (!data.ok) throw new Error(data.reason);
          const key = `${(data.value.stack as string[])[0]}/${data.value.app_version}`;
          counted.set(key, (counted.get(key) ?? 0) + 1);
        }
        const told = Object.values(await groups(shuffled)).map((row) => [
          `${(row.top_frames as string[])[0]}/${row.app_version}`,
          row.count,
        ]);
        expect(new Map(told as [string, number][])).toEqual(counted);
      },
    ),
    { numRuns: 60 },
  );
});

test("a death at every effect of the whole chain changes nothing", async () => {
  const errors = [0, 1, 2, 3, 4, 5].map((i) => failure(i * 40_000, { who: i % 2, frame: i % 3 === 0 ? "a" : "b" }));
  const uses = [0, 1, 2, 3, 4].map((i) => session(i * 50_000, { who: i, version: i % 2 === 0 ? "9.2.1" : "9.3.0" }));
  const events = [...errors, ...uses, ...errors.slice(2, 4), ...uses.slice(1, 2)].sort((a, b) => b.at - a.at);
  const oracle = await play(events, { batchSize: 4 });
  const expected = [await groups(oracle), await minutes(oracle)];
  expect(Object.keys(expected[0] ?? {}).length).toBeGreaterThan(1);
  const times = await dieEverywhere(
    (deaths) => play(events, { batchSize: 4, deaths }),
    async (driver, where) => {
      expect([await groups(driver), await minutes(driver)], where).toEqual(expected);
      expect(driver.waiting, where).toBe(0);
    },
  );
  expect(times).toBeGreaterThan(100);
});
