import { expect, test } from "vitest";
import { anySender } from "../../../ingest/identity/sender.ts";
import { createAdmission } from "../../../ingest/overload/admission.ts";

const sender = anySender("app");
const overloaded = expect.objectContaining({ code: "request_overloaded", retryable: true });

/** A request whose body has come. */
function taken(admission: ReturnType<typeof createAdmission>, bytes: number) {
  const ticket = admission.admit(sender, bytes);
  ticket.grow(bytes);
  return ticket;
}

test("bytes under way are bounded and given back", () => {
  const seen: [number, number][] = [];
  const admission = createAdmission(100, (requests, bytes) => seen.push([requests, bytes]));
  const first = taken(admission, 60);
  expect(() => admission.admit(sender, 60)).toThrow(overloaded);
  const second = taken(admission, 40);
  expect(admission.bytes).toBe(100);
  expect(seen.at(-1)).toEqual([2, 100]);
  first.release();
  const third = taken(admission, 60);
  second.release();
  third.release();
  expect(seen.at(-1)).toEqual([0, 0]);
});

test("a body that turns out larger than announced counts in full, and is refused when there is no room for it", () => {
  const admission = createAdmission(100);
  const ticket = admission.admit(sender, Number.NaN);
  ticket.grow(90);
  ticket.grow(50);
  expect(() => admission.admit(sender, 11)).toThrow(overloaded);
  const other = admission.admit(sender, Number.NaN);
  other.grow(10);
  expect(() => other.grow(11)).toThrow(overloaded);
  other.release();
  ticket.release();
  expect(admission.bytes).toBe(0);
});

test("what is announced and not sent takes nobody's place", () => {
  const admission = createAdmission(100);
  for (let i = 0; i < 50; i++) admission.admit(sender, 90);
  expect(() => taken(admission, 90)).not.toThrow();
});

test("one request is let in, however large", () => {
  const admission = createAdmission(100);
  taken(admission, 1_000).release();
  expect(() => taken(admission, 1_000)).not.toThrow();
});

test("an eighth is kept for small requests", () => {
  const admission = createAdmission(800, undefined, 10);
  taken(admission, 700);
  expect(() => admission.admit(sender, 11)).toThrow(overloaded);
  for (let i = 0; i < 10; i++) taken(admission, 10);
  expect(() => admission.admit(sender, 10)).toThrow(overloaded);
});
