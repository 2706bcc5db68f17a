import { expect, test } from "vitest";
import { boxesOf } from "../../console/flow/boxes.ts";
import { lagsToShow } from "../../console/flow/lags.ts";
import type { LagLook, Look } from "../../console/flow/look.ts";
import { answering, look, midnight, silent } from "./looks.ts";

const accepted = (count: number) => `hailstream_ingest_events_total{type="trip.rated",result="accepted"} ${count}\n`;
const box = (boxes: ReturnType<typeof boxesOf>, name: string) => boxes.find((each) => each.name === name);

test("a rate is over the last ten seconds, by the times of the answers", () => {
  const looks = [0, 4, 12, 14].map((at) => look(at, [answering("ingest", at, accepted(at * 100))]));
  expect(box(boxesOf(looks), "ingest")?.main).toEqual({ label: "accepted", value: 100, unit: "per-second" });
});

test("one answer gives no rate, and neither does a process that was started in between", () => {
  const once = [look(0, [answering("ingest", 0, accepted(5))])];
  expect(box(boxesOf(once), "ingest")?.main.value).toBeNull();
  const restarted = [...once, look(2, [{ ...answering("ingest", 2), ...restart(accepted(2)) }])];
  expect(box(boxesOf(restarted), "ingest")?.main.value).toBeNull();
});

function restart(text: string) {
  const { numbers } = answering("ingest", 2, text);
  if (numbers === undefined) throw new Error("no numbers");
  const sum = (name: string, labels?: Record<string, string>) =>
    name === "process_start_time_seconds" ? 2_000 : numbers.sum(name, labels);
  return { numbers: { ...numbers, sum } };
}

test("the boxes stand in the order of an event's way, Kafka and Postgres between the stations", () => {
  const stations = ["ingest", "stream", "stream-stateful", "sinks", "audit"].map((name) => answering(name, 0));
  const names = boxesOf([look(0, stations)]).map(({ name }) => name);
  expect(names).toEqual(["ingest", "kafka", "stream", "stream-stateful", "sinks", "postgres", "audit"]);
});

test("a station has the lag of its own consumers, also while it is silent", () => {
  const own = 'hailstream_kafka_consumer_lag_events{group="hailstream-sink-postgres",topic="safety",partition="0"} 0\n';
  const lags = [
    { group: "hailstream-sink-postgres", topic: "safety", records: 7, seconds: 3.5, unknown: [] },
    { group: "hailstream-enrich-trip-events", topic: "trip-events", records: 100, seconds: 60, unknown: [] },
  ];
  const behind = { at: 0, lags, missing: [] };
  const looks = [look(0, [answering("sinks", 0, own)]), look(2, [silent("sinks", 2)], { behind })];
  const sinks = box(boxesOf(looks), "sinks");
  expect(sinks?.state).toBe("silent");
  expect(sinks?.main.value).toBeNull();
  expect(sinks?.figures.slice(0, 2).map(({ value }) => value)).toEqual([3.5, 7]);
  expect(box(boxesOf(looks), "kafka")?.figures.map(({ value }) => value)).toEqual([60, 107]);
});

test("a lag of which a part is not known is the least that it may be, and never nought", () => {
  const own = 'hailstream_kafka_consumer_lag_events{group="g",topic="safety",partition="0"} 0\n';
  const unknown = [{ partition: 1, why: "there is no leader" }];
  const lag = (records: number, seconds: number) => ({ group: "g", topic: "safety", records, seconds, unknown });
  const figures = (behind: LagLook, name = "sinks") =>
    box(boxesOf([look(0, [answering("sinks", 0, own)], { behind })]), name)?.figures.slice(0, 2);
  const least = [
    { label: "lag", value: 3.5, unit: "seconds", isLeast: true },
    { label: "waiting", value: 7, unit: "events", isLeast: true },
  ];
  expect(figures({ at: 0, lags: [lag(7, 3.5)], missing: [] })).toEqual(least);
  for (const behind of [
    { at: 0, lags: [lag(0, 0)], missing: [] },
    { at: 0, lags: [], missing: [{ group: "g", why: "broker 2 says: loading" }] },
    { at: 0, lags: [], missing: [{ why: "broker 2 does not answer: gone" }] },
  ]) {
    expect(figures(behind)?.map(({ value }) => value)).toEqual([null, null]);
    expect(figures(behind, "kafka")?.map(({ value }) => value)).toEqual([null, null]);
  }
  // Another group's is none of its own.
  const other = { at: 0, lags: [{ ...lag(0, 0), unknown: [] }], missing: [{ group: "h", why: "gone" }] };
  expect(figures(other)?.map(({ value }) => value)).toEqual([0, 0]);
});

test("how far consumers were before Kafka fell silent is no figure of now", () => {
  const lag = { group: "g", topic: "safety", records: 7, seconds: 3, unknown: [] };
  const lost = { ...lag, records: 0, seconds: 0, unknown: [{ partition: 1, why: "there is no leader" }] };
  const behind = { at: midnight, lags: [lost, { ...lag, seconds: 0.5 }, lag], missing: [] };
  const silence = { at: midnight, milliseconds: 2_000, silence: "nothing came within 2 s" };
  const of = (parts: Partial<Look>) => box(boxesOf([look(0, [], parts)]), "kafka")?.figures.map(({ value }) => value);
  expect(of({ behind })).toEqual([3, 14]);
  expect(of({ behind, kafka: silence })).toEqual([null, null]);
  expect(lagsToShow(look(0, [], { behind }))).toEqual([lag, lost]);
  expect(lagsToShow(look(0, [], { behind, kafka: silence }))).toBeNull();
  expect(lagsToShow({})).toBeNull();
});

test("a part that was not asked yet shows no figure", () => {
  const { at } = look(0, []);
  expect(boxesOf([{ at, stations: [] }]).map(({ state, main }) => [state, main.value])).toEqual([
    ["unseen", null],
    ["unseen", null],
  ]);
});
