import { describe, expect, test } from "vitest";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import { deadLetter, drop, flow, forward, headersOf, type Reader } from "../../stream/index.ts";
import { createTopologyDriver } from "../support/topology-driver.ts";

const record = (text: string, headers: OutgoingRecord["headers"] = {}): OutgoingRecord => ({
  key: `key of ${text}`,
  value: Buffer.from(text),
  headers,
});

type Line = { readonly text: string; readonly emit: OutgoingRecord };
const readText: Reader<Line> = function readText(source) {
  const text = source.value?.toString() ?? "";
  if (text === "unreadable") return deadLetter("record_bytes_invalid", "cannot be read");
  return forward({ text, emit: { key: source.key, value: source.value, headers: headersOf(source) } });
};
const to = (topic: string) =>
  function write({ emit }: Line) {
    return forward({ topic, record: emit });
  };
const texts = (records: readonly OutgoingRecord[]) => records.map(({ value }) => value?.toString());

describe("a batch through a flow", () => {
  test("keeps the order, whether a step forwards one record, several or none", async () => {
    const lines = flow("lines")
      .from("in", readText)
      .through(function repeat(line) {
        return forward(...Array.from({ length: Number(line.text) }, () => line));
      })
      .to(["out"], to("out"));
    const driver = createTopologyDriver({ flows: [lines] });
    await driver.pipe(
      "in",
      ["1", "3", "0", "2"].map((text) => record(text)),
    );
    expect(texts(driver.output("out"))).toEqual(["1", "3", "3", "3", "2", "2"]);
    expect(driver.turnedAway).toEqual([]);
  });

  test("one verdict can go to several topics", async () => {
    const split = flow("split")
      .from("in", readText)
      .to(["left", "right"], function write({ emit }) {
        return forward({ topic: "left", record: emit }, { topic: "right", record: emit });
      });
    const driver = createTopologyDriver({ flows: [split] });
    await driver.pipe("in", [record("a"), record("b")]);
    expect(texts(driver.output("left"))).toEqual(["a", "b"]);
    expect(texts(driver.output("right"))).toEqual(["a", "b"]);
  });

  test("a dropped record is counted by step and reason, and those behind it go on", async () => {
    const sieve = flow("sieve")
      .from("in", readText)
      .through(function leaveOutOdd(line) {
        return Number(line.text) % 2 === 1 ? drop("odd") : forward(line);
      })
      .to(["out"], to("out"));
    const driver = createTopologyDriver({ flows: [sieve] });
    await driver.pipe(
      "in",
      ["1", "2", "3", "4"].map((text) => record(text)),
    );
    expect(texts(driver.output("out"))).toEqual(["2", "4"]);
    expect(driver.turnedAway).toEqual([
      { flow: "sieve", step: "leaveOutOdd", verdict: "drop", reason: "odd" },
      { flow: "sieve", step: "leaveOutOdd", verdict: "drop", reason: "odd" },
    ]);
  });

  test("a dead letter has the original bytes and headers, and says why and where", async () => {
    const driver = createTopologyDriver({ flows: [flow("lines").from("in", readText).to(["out"], to("out"))] });
    await driver.pipe(
      "in",
      [record("good"), record("unreadable", { ce_id: "1", traceparent: "00-1" }), record("good")],
      3,
    );
    expect(texts(driver.output("out"))).toEqual(["good", "good"]);
    expect(driver.output("dead-letters")).toEqual([
      {
        key: Buffer.from("key of unreadable"),
        value: Buffer.from("unreadable"),
        headers: {
          ce_id: Buffer.from("1"),
          traceparent: Buffer.from("00-1"),
          dl_code: "record_bytes_invalid",
          dl_reason: "cannot be read",
          dl_flow: "lines",
          dl_step: "readText",
          dl_topic: "in",
          dl_partition: "3",
          dl_offset: "1",
        },
      },
    ]);
  });

  test("a step that throws makes a dead letter of its record alone", async () => {
    const broken = flow("broken")
      .from("in", readText)
      .through(function divide(line) {
        if (line.text === "0") throw new TypeError("by zero");
        return forward(line);
      })
      .to(["out"], to("out"));
    const driver = createTopologyDriver({ flows: [broken] });
    await driver.pipe(
      "in",
      ["1", "0", "2"].map((text) => record(text)),
    );
    expect(texts(driver.output("out"))).toEqual(["1", "2"]);
    expect(driver.turnedAway).toEqual([
      { flow: "broken", step: "divide", verdict: "dead-letter", reason: "stream_step_failed" },
    ]);
    expect(driver.output("dead-letters")[0]?.headers).toMatchObject({ dl_reason: "by zero", dl_step: "divide" });
  });

  test("a reader may wait for a schema without the order changing", async () => {
    const slowly: Reader<Line> = (source, origin) =>
      source.offset === "0"
        ? new Promise((resolve) => setImmediate(() => resolve(readText(source, origin) as never)))
        : readText(source, origin);
    const driver = createTopologyDriver({ flows: [flow("lines").from("in", slowly).to(["out"], to("out"))] });
    await driver.pipe(
      "in",
      ["first", "second"].map((text) => record(text)),
    );
    expect(texts(driver.output("out"))).toEqual(["first", "second"]);
  });

  test("a reader that cannot reach the registry fails the whole batch: nothing is judged unread", async () => {
    const cut: Reader<Line> = () => Promise.reject(new PipelineError("schema_registry_unreachable"));
    const driver = createTopologyDriver({ flows: [flow("lines").from("in", cut).to(["out"], to("out"))] });
    await expect(driver.pipe("in", [record("a")])).rejects.toMatchObject({ code: "schema_registry_unreachable" });
    expect(driver.output("dead-letters")).toEqual([]);
  });
});
