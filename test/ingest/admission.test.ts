import { expect, test } from "vitest";
import { createAdmission } from "../../ingest/admission.ts";

test("bytes under way are bounded and given back", () => {
  const seen: [number, number][] = [];
  const admission = createAdmission(100, (requests, bytes) => seen.push([requests, bytes]));
  const first = admission.admit("app", 60);
  expect(() => admission.admit("app", 60)).toThrow(
    expect.objectContaining({ code: "request_overloaded", retryable: true }),
  );
  const second = admission.admit("app", 40);
  first.release();
  const third = admission.admit("app", 60);
  second.release();
  third.release();
  expect(seen.at(-1)).toEqual([0, 0]);
});

test("a body that turns out larger than announced counts in full", () => {
  const admission = createAdmission(100);
  const ticket = admission.admit("app", Number.NaN);
  ticket.grow(90);
  ticket.grow(50);
  expect(() => admission.admit("app", 11)).toThrow();
  admission.admit("app", 10).release();
  ticket.release();
  admission.admit("app", 100).release();
});

test("one request is let in, however large", () => {
  const admission = createAdmission(100);
  admission.admit("app", 1_000).release();
  expect(() => admission.admit("app", 1_000)).not.toThrow();
});
