import { expect, test } from "vitest";
import { createMetrics, PipelineError, silentLogger } from "../../runtime/index.ts";
import { createCircuit } from "../../sinks/circuit.ts";
import type { Rejection } from "../../sinks/sink.ts";

const rejected = (count: number): Rejection[] =>
  Array.from({ length: count }, (_, n) => ({
    record: { offset: String(n), timestamp: "0", key: null, value: null, headers: {} },
    reason: "sink_schema_unknown",
    message: "no such schema",
  }));
const circuitOf = (limit: number) =>
  createCircuit({ consumer: "c", limit, log: silentLogger, metrics: createMetrics() });
/** Whether the batch is let through. */
function passes(circuit: ReturnType<typeof circuitOf>, topic: string, records: number, bad: number): boolean {
  try {
    circuit.judge(topic, records, rejected(bad));
  } catch (error) {
    expect(error).toMatchObject({
      code: "sink_circuit_open",
      retryable: true,
      fields: { topic, reason: "sink_schema_unknown" },
    });
    return false;
  }
  circuit.committed(topic, records, rejected(bad));
  return true;
}

test("it opens by what fails in a row, over batches, and for each topic by itself", () => {
  const circuit = circuitOf(100);
  expect(passes(circuit, "a", 60, 60)).toBe(true);
  expect(passes(circuit, "b", 60, 60)).toBe(true);
  expect(passes(circuit, "a", 30, 29)).toBe(true);
  expect(passes(circuit, "a", 99, 99)).toBe(true);
  expect(passes(circuit, "a", 1, 1)).toBe(false);
  expect(passes(circuit, "b", 39, 39)).toBe(true);
  expect(passes(circuit, "b", 1, 1)).toBe(false);
  expect(passes(circuit, "b", 5_000, 4_999)).toBe(true);
  expect(passes(circuit, "c", 5_000, 5_000)).toBe(false);
});

test("it tries ever more seldom, and at once again after it was closed", () => {
  const circuit = circuitOf(1);
  const error = new PipelineError("sink_circuit_open");
  expect(Array.from({ length: 8 }, () => circuit.opened("a", error))).toEqual(
    [1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000),
  );
  circuit.committed("a", 1, []);
  expect(circuit.opened("a", error)).toBe(1_000);
});

test("a limit of 0 lets everything through", () => {
  expect(passes(circuitOf(0), "a", 5_000, 5_000)).toBe(true);
});
