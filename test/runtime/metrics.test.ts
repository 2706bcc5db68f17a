import { AggregatorRegistry } from "prom-client";
import { expect, test } from "vitest";
import { createMetrics } from "../../runtime/index.ts";

test("a reading is read when the metrics are asked for, and several readers are added up", async () => {
  const metrics = createMetrics();
  let count = 1;
  const read = (add: (value: number, labels?: { kind: string }) => void) => add(count, { kind: "a" });
  metrics.reading("counter", "things_total", "Things.", ["kind"], read);
  metrics.reading("counter", "things_total", "Things.", ["kind"], (add) => add(10, { kind: "a" }));
  metrics.reading("gauge", "depth", "Depth.", [], (add) => add(-count));
  expect(await metrics.registry.metrics()).toContain('# TYPE things_total counter\nthings_total{kind="a"} 11');
  count = 5;
  const text = await metrics.registry.metrics();
  expect(text).toContain('things_total{kind="a"} 15');
  expect(text).toContain("# TYPE depth gauge\ndepth -5");
});

test("a distribution says what a histogram of prom-client says", async () => {
  const values = [0, 0.001, 0.0011, 0.3, 1, 1, 2, 77];
  const texts = [createMetrics(), createMetrics()].map((metrics, i) => {
    const of = i === 0 ? metrics.distribution : metrics.histogram;
    const metric = of("seconds", "Seconds.", [0.001, 0.5, 1]);
    for (const value of values) metric.observe(value);
    return metrics.registry.metrics();
  });
  expect(await texts[0]).toBe(await texts[1]);
});

test("the workers of a station are added up", async () => {
  const workers = [1, 2].map((n) => {
    const metrics = createMetrics();
    metrics.reading("counter", "things_total", "Things.", [], (add) => add(n));
    metrics.reading("largest", "age", "Age.", [], (add) => add(n));
    metrics.distribution("seconds", "Seconds.", [1, 2]).observe(n);
    return metrics.registry.getMetricsAsJSON();
  });
  const text = await AggregatorRegistry.aggregate(await Promise.all(workers)).metrics();
  expect(text).toContain("things_total 3");
  expect(text).toContain("\nage 2");
  expect(text).toContain("seconds_count 2");
  expect(text).toContain('seconds_bucket{le="1"} 1');
});
