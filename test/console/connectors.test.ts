import { expect, test } from "vitest";
import { troubleOf } from "../../console/connectors/read.ts";
import { effectOf, expectedOf } from "../../console/page/connectors/move-words.ts";

test("a connector is in trouble when a task has failed, or nobody runs what should run", () => {
  expect(troubleOf("RUNNING", 1, 0)).toBeNull();
  expect(troubleOf("RUNNING", 1, 1)).toBe("failed");
  expect(troubleOf("RUNNING", 3, 1)).toBe("1 of 3 tasks failed");
  expect(troubleOf("RUNNING", 0, 0)).toBe("no process runs it");
  expect(troubleOf("STOPPED", 0, 0)).toBeNull();
});

test("a partition of which nothing is known can be given no offset, and it is said why", () => {
  const lost = { next: "50", low: null, high: null, unknown: "there is no leader" };
  expect(effectOf(lost, "49", "PostgresSink")).toBeUndefined();
  expect(expectedOf(lost)).toBe("The offsets of this partition are not known now: there is no leader.");
  expect(expectedOf({ low: "1", high: "9", unknown: null })).toBe("Expected an offset from 1 to 9.");
});

test("what a change of offsets means is said before it is made", () => {
  const at = { next: "50", low: "10", high: "100" };
  const effect = (to: string, kind = "PostgresSink") => effectOf(at, to, kind);
  expect(effect("49")).toMatch(/^1 record will be read again\. Each is recognised and stays one row/);
  expect(effect("0")).toMatch(/^40 records will be read again\..*Kafka has nothing before offset 10/);
  expect(effect("100")).toMatch(/^50 records will be skipped/);
  expect(effect("50")).toContain("Nothing changes");
  expect(effect("0", "WebhookSink")).toContain("not made twice");
  for (const wrong of ["101", "-1", "x", ""]) expect(effect(wrong)).toBeUndefined();
});
