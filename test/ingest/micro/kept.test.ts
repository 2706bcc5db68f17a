import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createKeptEvents, type Kept, type KeptEvents, type MicroStatus } from "../../../ingest/micro/kept.ts";

const never = new AbortController().signal;

function add(kept: KeptEvents, status: MicroStatus = "accepted", facts: Partial<Kept> = {}): void {
  kept.add({ sequence: kept.next, status, json: Buffer.from("{}"), ...facts });
}

const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);
const sequencesOf = (events: readonly Kept[]) => events.map(({ sequence }) => sequence);

describe("the ring", () => {
  test("never holds more events or bytes than it may, keeps the newest, and counts what it dropped", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
        (maxEvents, maxBytes, sizes) => {
          const kept = createKeptEvents({ maxEvents, maxBytes });
          let expected: number[] = [];
          for (const size of sizes) {
            add(kept, "accepted", { json: Buffer.alloc(size) });
            expected.push(size);
            while (expected.length > maxEvents || sum(expected) > maxBytes) expected = expected.slice(1);
          }
          const found = kept.list("all", {});
          expect(found.map(({ json }) => json.length)).toEqual(expected);
          // What is left is the end of what came, without a gap.
          expect(sequencesOf(found)).toEqual(found.map((_, i) => sizes.length - found.length + 1 + i));
          const { total, good, dropped, kept: left } = kept.counts();
          expect({ total, good, left, dropped }).toEqual({
            total: sizes.length,
            good: sizes.length,
            left: found.length,
            dropped: sizes.length - found.length,
          });
        },
      ),
    );
  });

  test("a bad event that is pushed out is still counted", () => {
    const kept = createKeptEvents({ maxEvents: 2, maxBytes: 100 });
    add(kept, "rejected");
    add(kept);
    add(kept);
    expect(kept.list("bad", {})).toEqual([]);
    expect(kept.counts()).toMatchObject({ total: 3, good: 2, bad: 1, kept: 2, dropped: 1 });
  });

  test("a reset forgets events and counts, and numbers go on, so that a cursor from before stays behind what comes", () => {
    const kept = createKeptEvents({ maxEvents: 2, maxBytes: 100 });
    for (let i = 0; i < 5; i++) add(kept, "duplicate");
    kept.reset();
    const zero = { total: 0, good: 0, bad: 0, quarantined: 0, duplicate: 0, retry: 0, kept: 0, dropped: 0 };
    expect(kept.counts()).toEqual(zero);
    add(kept);
    expect(sequencesOf(kept.list("all", { after: 5 }))).toEqual([6]);
    // The bytes were forgotten, too.
    add(kept, "accepted", { json: Buffer.alloc(98) });
    expect(kept.counts()).toMatchObject({ kept: 2, dropped: 0 });
  });
});

test("each outcome is in its group, and counted", () => {
  const kept = createKeptEvents({ maxEvents: 100, maxBytes: 1_000 });
  const statuses: MicroStatus[] = ["accepted", "rejected", "quarantined", "refused", "duplicate", "retry"];
  for (const status of statuses) add(kept, status);
  expect(sequencesOf(kept.list("good", {}))).toEqual([1]);
  expect(sequencesOf(kept.list("bad", {}))).toEqual([2, 3, 4]);
  expect(sequencesOf(kept.list("all", {}))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(kept.counts()).toMatchObject({ total: 6, good: 1, bad: 3, quarantined: 1, duplicate: 1, retry: 1 });
});

test.each([
  [{ id: "a" }, [1]],
  [{ type: "trip.rated" }, [1, 2]],
  [{ type: "trip.rated", subject: "drv_2" }, [2]],
  [{ key: "trp_3" }, [3]],
  [{ status: "rejected" as const }, [4]],
  [{ code: "event_field_unknown" }, [4]],
  [{ after: 2 }, [3, 4]],
  [{ id: "a", type: "driver.status" }, []],
  [{ id: undefined }, [1, 2, 3, 4]],
])("the filter %j finds %j", (filter, found) => {
  const kept = createKeptEvents({ maxEvents: 100, maxBytes: 1_000 });
  add(kept, "accepted", { id: "a", type: "trip.rated", subject: "drv_1" });
  add(kept, "accepted", { id: "b", type: "trip.rated", subject: "drv_2" });
  add(kept, "accepted", { id: "c", type: "driver.status", key: "trp_3" });
  add(kept, "rejected", { id: "d", code: "event_field_unknown" });
  expect(sequencesOf(kept.list("all", filter))).toEqual(found);
});

describe("waiting", () => {
  const track = (promise: Promise<void>) => {
    const state = { over: false };
    void promise.then(() => {
      state.over = true;
    });
    return state;
  };
  /** All promises that are settled have been told. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test("ends with the event that makes up the count, and counts what is there already", async () => {
    const kept = createKeptEvents({ maxEvents: 100, maxBytes: 1_000 });
    add(kept, "accepted", { type: "a" });
    const two = track(kept.wait("good", { type: "a" }, 2, never));
    add(kept, "accepted", { type: "b" });
    add(kept, "rejected", { type: "a" });
    await settle();
    expect(two.over).toBe(false);
    add(kept, "accepted", { type: "a" });
    await settle();
    expect(two.over).toBe(true);
    await kept.wait("good", { type: "a" }, 2, never);
  });

  test("a reset takes back what was counted", async () => {
    const kept = createKeptEvents({ maxEvents: 100, maxBytes: 1_000 });
    add(kept);
    const two = track(kept.wait("good", {}, 2, never));
    kept.reset();
    add(kept);
    await settle();
    expect(two.over).toBe(false);
    add(kept);
    await settle();
    expect(two.over).toBe(true);
  });

  test("ends when the client is gone, and for all when the door closes", async () => {
    const kept = createKeptEvents({ maxEvents: 100, maxBytes: 1_000 });
    const gone = new AbortController();
    const first = kept.wait("good", {}, 1, gone.signal);
    const second = kept.wait("good", {}, 1, never);
    gone.abort();
    await first;
    kept.release();
    await second;
    await kept.wait("good", {}, 1, never);
    await kept.wait("good", {}, 1, gone.signal);
  });
});
