import { expect, test } from "vitest";
import { findingsOf, mended } from "../../audit/findings.ts";
import { createStanding } from "../../audit/standing.ts";

const bounds = { from: null, to: null, checked: 9 };
const at = (type: string, id: string) => ({ type, id, where: "postgres" as const });

test("what was found is told by event type and station, with the first ids", () => {
  const many = Array.from({ length: 30 }, (_, n) => at("trip.started", `b${String(n).padStart(2, "0")}`)).reverse();
  const found = findingsOf({
    ...bounds,
    missing: [at("trip.rated", "z"), at("trip.rated", "a"), ...many],
    extra: [at("trip.rated", "c")],
    unnamed: [{ type: "safety.sos", where: "postgres", minute: "2026-01-01T00:00:00.000Z", rows: 1, stored: 2 }],
  });
  expect(found).toMatchObject([
    { event_type: "trip.rated", station: "postgres", missing: 2, extra: 1, missing_ids: "a,z", extra_ids: "c" },
    { event_type: "trip.started", missing: 30, extra: 0, unnamed: 0 },
    { event_type: "safety.sos", missing: 0, extra: 0, unnamed: 1, missing_ids: "" },
  ]);
  expect(found[1]?.missing_ids.split(",")).toHaveLength(20);
  expect(found[1]?.missing_ids).toMatch(/^b00,b01,/);
});

test("what stands is told each time, and its end once", () => {
  const tell = createStanding<{ readonly key: string; readonly n: number }>(
    ({ key }) => key,
    (before) => ({ ...before, n: 0 }),
  );
  const [a, b] = [
    { key: "a", n: 1 },
    { key: "b", n: 2 },
  ];
  expect(tell([])).toEqual([]);
  expect(tell([a, b])).toEqual([a, b]);
  expect(tell([{ ...b, n: 3 }])).toEqual([
    { key: "b", n: 3 },
    { key: "a", n: 0 },
  ]);
  expect(tell([])).toEqual([{ key: "b", n: 0 }]);
  expect(tell([])).toEqual([]);
});

test("what stood and cannot be seen now stands as it was, since nobody knows that it has ended", () => {
  const tell = createStanding<{ readonly key: string; readonly n: number }>(
    ({ key }) => key,
    (before) => ({ ...before, n: 0 }),
  );
  const a = { key: "a", n: 1 };
  tell([a]);
  expect(tell([], ({ key }) => key === "a")).toEqual([a]);
  expect(tell([], () => false)).toEqual([{ key: "a", n: 0 }]);
});

test("a mended finding says that nothing is missing there", () => {
  const [found] = findingsOf({ ...bounds, missing: [at("trip.rated", "a")], extra: [], unnamed: [] });
  expect(found === undefined ? undefined : mended(found)).toEqual({
    ...{
      event_type: "trip.rated",
      station: "postgres",
      missing: 0,
      extra: 0,
      unnamed: 0,
      missing_ids: "",
      extra_ids: "",
    },
  });
});
