import { expect, test } from "vitest";
import { quantileBetween, readMetrics } from "../../console/flow/read-metrics.ts";
import { createMetrics } from "../../runtime/index.ts";

test("what our processes write is read back: counters by label, gauges, histograms, awkward label values", async () => {
  const metrics = createMetrics();
  const events = metrics.counter("hailstream_ingest_events_total", "Events.", ["type", "result"]);
  events.inc({ type: 'a"b\\c{d="e"}', result: "accepted" }, 3);
  events.inc({ type: "trip.rated", result: "accepted" }, 4);
  events.inc({ type: "trip.rated", result: "rejected" }, 5);
  metrics.distribution("hailstream_ingest_produce_seconds", "Time.", [0.01, 0.1]).observe(0.05);
  const numbers = readMetrics(await metrics.registry.metrics());
  expect(numbers.sum("hailstream_ingest_events_total")).toBe(12);
  expect(numbers.sum("hailstream_ingest_events_total", { result: "accepted" })).toBe(7);
  expect(numbers.sum("hailstream_ingest_events_total", { result: "retry" })).toBe(0);
  expect(numbers.sum("no_such_metric")).toBe(0);
  expect(numbers.histogram("hailstream_ingest_produce_seconds")).toEqual([
    { le: 0.01, count: 0 },
    { le: 0.1, count: 1 },
    { le: Number.POSITIVE_INFINITY, count: 1 },
  ]);
});

test("a quantile is that of the observations in between, rounded up to its bound", () => {
  const bounds = (a: number, b: number, all: number) => [
    { le: 0.01, count: a },
    { le: 0.1, count: b },
    { le: Number.POSITIVE_INFINITY, count: all },
  ];
  // Of 100 new ones 99 were fast; what was slow before does not count.
  expect(quantileBetween(bounds(0, 50, 50), bounds(99, 150, 150), 0.99)).toBe(0.01);
  expect(quantileBetween(bounds(0, 50, 50), bounds(98, 150, 150), 0.99)).toBe(0.1);
  expect(quantileBetween(bounds(0, 0, 0), bounds(0, 0, 10), 0.99)).toBeNull();
  expect(quantileBetween(bounds(1, 1, 1), bounds(1, 1, 1), 0.99)).toBeNull();
});
