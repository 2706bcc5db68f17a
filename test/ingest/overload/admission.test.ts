import { expect, test } from "vitest";
import { anySender } from "../../../ingest/identity/sender.ts";
import { createAdmission } from "../../../ingest/overload/admission.ts";

const sender = anySender("app");

test("bytes under way are bounded and given back", () => {
  const seen: [number, number][] = [];
  const admission = createAdmission(100, (requests, bytes) => seen.push([requests, bytes]));
  const first = admission.admit(sender, 60);
  expect(() => admission.admit(sender, 60)).toThrow(
    expect.objectContaining({ code: "request_overloaded", retryable: true }),
  );
  const second = admission.admit(sender, 40);
  first.release();
  const third = admission.admit(sender, 60);
  second.release();
  third.release();
  expect(seen.at(-1)).toEqual([0, 0]);
});

test("a body that turns out larger than announced counts in full", () => {
  const admission = createAdmission(100);
  const ticket = admission.admit(sender, Number.NaN);
  ticket.grow(90);
  ticket.grow(50);
  expect(() => admission.admit(sender, 11)).toThrow();
  admission.admit(sender, 10).release();
  ticket.release();
  admission.admit(sender, 100).release();
});

test("one request is let in, however large", () => {
  const admission = createAdmission(100);
  admission.admit(sender, 1_000).release();
  expect(() => admission.admit(sender, 1_000)).not.toThrow();
});
