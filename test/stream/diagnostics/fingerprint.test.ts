import { expect, test } from "vitest";
import { fingerprintOf, plainFrame } from "../../../stream/diagnostics/fingerprint.ts";

test.each([
  // JavaScript of two releases: other lines, other bundle hashes, another host.
  ["at fetchQuote (quote.ts:41)", "fetchQuote (quote.ts:398:12)", "fetchQuote (quote.ts)"],
  [
    "at t.fetchQuote (https://cdn.example.com/r/6.1.2/main.3f9a2b1c.js:1:20311)",
    "at t.fetchQuote (https://eu.example.com/r/6.2.0/main.9bd17e0a.js?v=12:1:19877)",
    "t.fetchQuote (main.js)",
  ],
  ["at async chunk-4QZ7XK2B.js:12:7", "at async chunk-9AA1BBCC.js:1:1", "async chunk.js"],
  ["index-BNx8s2Qa.bundle:212", "index-C01dd3f9.bundle:7", "index.bundle"],
  // The JVM, and what its compilers number.
  ["at com.ride.Quote.fetch(Quote.kt:41)", "at com.ride.Quote.fetch(Quote.kt:57)", "com.ride.Quote.fetch(Quote.kt)"],
  ["com.ride.Map$1.run(Map.java:5)", "com.ride.Map$2.run(Map.java:9)", "com.ride.Map$.run(Map.java)"],
  [
    "com.ride.Map.lambda$show$0(Map.java:5)",
    "com.ride.Map.lambda$show$3(Map.java)",
    "com.ride.Map.lambda$show$(Map.java)",
  ],
  // Native code: index, address, offset.
  [
    "3   RiderApp   0x0000000104a1b2c3   -[Map show:] + 412",
    "7   RiderApp   0x00000001fe001122   -[Map show:] + 96",
    "RiderApp -[Map show:]",
  ],
  [
    "#01 pc 0000000000044d2c  /lib/arm64/libmap.so (Map::show(int)+36)",
    "#04 pc 0000000000071a00  /lib/arm64/libmap.so (Map::show(int)+128)",
    "/lib/arm64/libmap.so (Map::show(int))",
  ],
  // Ids.
  ["loadTrip drv_8f2c1a", "loadTrip drv_77d0e1", "loadTrip #"],
  [
    "/var/containers/Bundle/Application/7F2A11D0-9A41-4E3B-8E7D-2F1A6C5B9E10/Rider.app/Rider",
    "/var/containers/Bundle/Application/0B8E6E1C-1111-4A5C-9C3E-9E4D2A7B6C5D/Rider.app/Rider",
    "/var/containers/Bundle/Application/#/Rider.app/Rider",
  ],
])("%s and %s are the same frame", (one, other, plain) => {
  expect(plainFrame(one)).toBe(plain);
  expect(plainFrame(other)).toBe(plain);
});

test.each([
  ["MapView.moveMarker", "MapView.moveMarkers"],
  ["h3ToCell (h3.js:1)", "h3ToParent (h3.js:1)"],
  ["base64Encode (b64.ts:3)", "base32Encode (b64.ts:3)"],
  ["main.js:1", "vendor.js:1"],
])("%s and %s are different frames", (one, other) => {
  expect(plainFrame(one)).not.toBe(plainFrame(other));
});

const trace = { app: "rider", errorType: "TypeError", message: "x of drv_8f2c1a", stack: ["a (a.ts:1)", "b (b.ts:2)"] };
const of = (change: Partial<typeof trace>) => fingerprintOf({ ...trace, ...change }).fingerprint;

test("frames, type and app make the fingerprint; the message, depth and what lies below the top do not", () => {
  expect(of({})).toMatch(/^[0-9a-f]{16}$/);
  expect(of({ message: "y" })).toBe(of({}));
  expect(of({ stack: ["a (a.ts:9)", "a (a.ts:9)", "a (a.ts:9)", "b (b.ts:2)"] })).toBe(of({}));
  const deep = ["a", "b", "c", "d", "e"];
  expect(of({ stack: [...deep, "f"] })).toBe(of({ stack: [...deep, "g"] }));
  for (const change of [{ app: "driver" }, { errorType: "RangeError" }, { stack: ["b (b.ts:2)", "a (a.ts:1)"] }])
    expect(of(change)).not.toBe(of({}));
  // Fixed by value: another way to make it would begin every group anew.
  expect(of({})).toBe("71849eaa3f410514");
});

test("without a stack the message decides, but for what a user typed, numbers and ids; it is not shown", () => {
  const bare = (message: string) => fingerprintOf({ ...trace, stack: [], message });
  expect(bare('no route to "5th Avenue" in 8000 ms')).toEqual(bare('no route to "Broadway" in 12 ms'));
  expect(bare("no route").fingerprint).not.toBe(bare("no map").fingerprint);
  expect(bare("no route").topFrames).toEqual([]);
});

test("a hostile frame costs no time", () => {
  const started = performance.now();
  const frame = `${"a-1_".repeat(25_000)}.js${" +".repeat(10_000)}${":1".repeat(10_000)}x${"$".repeat(10_000)}http://${"/".repeat(10_000)}`;
  plainFrame(frame);
  expect(performance.now() - started).toBeLessThan(1_000);
});
