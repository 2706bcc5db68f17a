import { expect, test } from "vitest";
import {
  forward,
  lateEventTopic,
  type Reader,
  type RememberingFlow,
  resultId,
  type WindowedFlowParts,
  windowedFlow,
} from "../../../stream/index.ts";
import { createTopologyDriver, dieEverywhere, type TopologyDriver } from "../../support/topology-driver.ts";

type Ping = { readonly user: string; readonly time: number };

const readPing: Reader<Ping> = function readPing({ value }) {
  return forward(JSON.parse(String(value)) as Ping);
};

function countPings(more: Partial<WindowedFlowParts<Ping, number>> = {}): RememberingFlow {
  return windowedFlow<Ping, number>({
    name: "count-pings",
    source: "pings",
    read: readPing,
    windows: { sizeMs: 100, allowedLatenessMs: 20, lateResults: true },
    aggregate: { keyOf: ({ user }) => user, timeOf: ({ time }) => time, add: (count = 0) => count + 1 },
    latenessMs: 10,
    write: (result) => ({
      topic: "counts",
      key: result.key,
      value: Buffer.from(`${result.startMs}: ${result.value}${result.final ? " final" : ""}`),
      headers: { ce_id: resultId("count-pings", result) },
    }),
    outputs: ["counts"],
    ...more,
  });
}

const ping = (user: string, time: number) => ({
  ...{ key: user, value: Buffer.from(JSON.stringify({ user, time })), headers: { ce_id: `${user}@${time}` } },
});
const pings = [10, 120, 30, 60, 131, 40, 350, 20, 240, 700].map((time, i) => ping(`u${i % 2}`, time));

async function play(deaths: readonly number[]): Promise<TopologyDriver> {
  const driver = createTopologyDriver({ remembering: [countPings()], deaths, batchSize: 3 });
  await driver.pipe("pings", pings);
  await driver.advance(60_000);
  return driver;
}
const textOf = (driver: TopologyDriver, topic: string) =>
  driver.distinct(topic).map(({ value, headers }) => [String(value), JSON.stringify(headers)]);

test("events that are too late keep their bytes, key and id, and say for which flow and where they lay", async () => {
  const driver = await play([]);
  const late = driver.output(lateEventTopic);
  expect(late.map(({ value }) => value)).toEqual([pings[5]?.value, pings[7]?.value, pings[8]?.value]);
  expect(late[0]).toMatchObject({
    key: "u1",
    headers: {
      ...{ ce_id: "u1@40", late_flow: "count-pings", late_topic: "pings", late_partition: "0", late_offset: "5" },
      late_watermark: "1970-01-01T00:00:00.121Z",
    },
  });
});

test("a death at every effect in turn changes neither results nor late events, nor their ids", async () => {
  const oracle = await play([]);
  const [counts, late] = [textOf(oracle, "counts"), textOf(oracle, lateEventTopic)];
  expect(counts.length).toBeGreaterThan(8);
  const times = await dieEverywhere(play, (driver, where) => {
    expect(textOf(driver, "counts"), where).toEqual(counts);
    expect(textOf(driver, lateEventTopic), where).toEqual(late);
    expect(driver.memory("count-pings").size, where).toBe(0);
  });
  expect(times).toBeGreaterThan(30);
});

test("while old events trickle in, a window closes within its cap by the clock", async () => {
  const windows = { sizeMs: 10_000, allowedLatenessMs: 2_000 };
  const finals = async (flow: RememberingFlow, seconds: number) => {
    const driver = createTopologyDriver({ remembering: [flow], idleMs: 30_000 });
    await driver.pipe("pings", [ping("u", 5_000)]);
    for (let i = 0; i < seconds; i++) {
      await driver.advance(1_000);
      // Never idle, and none of them brings time forward.
      await driver.pipe("pings", [ping("other", 4_000)]);
    }
    return driver.output("counts").map(({ value }) => String(value));
  };
  const capped = countPings({ windows, latenessMs: 3_000, capMs: 8_000 });
  // Its end is five seconds behind the newest event, so by the clock; eight more are the cap.
  expect(await finals(capped, 12)).toEqual([]);
  expect(await finals(capped, 13)).toEqual(["0: 12 final", "0: 1 final"]);
  expect(await finals(countPings({ windows, latenessMs: 3_000 }), 100)).toEqual([]);
});

test("a cap shorter than what late events are waited for is refused", () => {
  expect(() => countPings({ capMs: 29 })).toThrow(/close 29 ms .* 30 ms/);
  expect(countPings({ capMs: 45 }).maxStallMs).toBe(15);
});

test("nor may windows of a flow that announces its event time be longer than quiet partitions are waited for", () => {
  const windows = { sizeMs: 300_000, allowedLatenessMs: 1 };
  expect(() => countPings({ windows, announcesTo: "counts" })).toThrow(/close within 300000 ms .* take 300001 ms/);
});
