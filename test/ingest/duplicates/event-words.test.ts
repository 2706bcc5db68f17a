import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { createEventWords, type EventWords, readUuid, sameContent } from "../../../ingest/duplicates/event-words.ts";

let eventWords: EventWords;
beforeAll(async () => {
  eventWords = await createEventWords();
});
const base = { id: "a", type: "driver.location", schemaId: 7, time: 1_795_381_901_123, value: "value" };
const read = (changes: Partial<typeof base> = {}) => {
  const { id, type, schemaId, time, value } = { ...base, ...changes };
  const words = new Uint32Array(8);
  eventWords.read(id, type, schemaId, time, Buffer.from(value), words, 2);
  return [...words.subarray(2)];
};
const same = (a: number[], b: number[]) => sameContent(a[4] ?? 0, a[5] ?? 0, b[4] ?? 0, b[5] ?? 0);

test("a UUID is kept as it is", () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const words = new Uint32Array(4);
      expect(readUuid(uuid, words, 0)).toBe(true);
      const hex = [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
      expect(hex).toBe(uuid.replaceAll("-", ""));
    }),
  );
});

test("what only looks like a UUID is another id", () => {
  const uuid = "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11";
  for (let at = 0; at < 36; at++) {
    // U+0130 and U+0430 have the low bits of a digit; ":" and "g" are the neighbours of digits.
    for (const character of ["\u0130", "\u0430", ":", "g", "/", "A", "`", "\ud83d"]) {
      const other = uuid.slice(0, at) + character + uuid.slice(at + 1);
      expect(readUuid(other, new Uint32Array(4), 0)).toBe(false);
    }
  }
  expect(readUuid(`${uuid}0`, new Uint32Array(4), 0)).toBe(false);
});

test("different ids give different words, equal ones the same", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.uuid()), (id) => {
      const words = read({ id }).slice(0, 4).join();
      expect(seen.get(words) ?? id).toBe(id);
      seen.set(words, id);
      expect(read({ id }).slice(0, 4).join()).toBe(words);
    }),
    { numRuns: 3_000 },
  );
});

test("the content is type, time and data; the id does not belong to it", () => {
  const one = read();
  expect(same(one, read())).toBe(true);
  expect(same(one, read({ id: "b" }))).toBe(true);
  expect(same(one, read({ value: "valuf" }))).toBe(false);
  expect(same(one, read({ time: base.time + 1 }))).toBe(false);
  expect(same(one, read({ time: base.time + 2 ** 32 }))).toBe(false);
  expect(same(one, read({ type: "driver.status" }))).toBe(false);
});

test("bytes of two schemas cannot be compared: then type and time decide", () => {
  const one = read();
  expect(same(one, read({ schemaId: 8, value: "value and one field more" }))).toBe(true);
  expect(same(one, read({ schemaId: 8, time: base.time + 1 }))).toBe(false);
  expect(same(one, read({ schemaId: 8, type: "driver.status" }))).toBe(false);
});

test("the words are those of every earlier version, since they are on disk", () => {
  expect(read()).toEqual([0x2e7a001c, 0xf8de8058, 0x72726b58, 0xfcf7ad5a, 0x804603e4, 0x592b9507]);
  expect(read({ id: "0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11" }).slice(0, 4)).toEqual([
    0x0198f0c2, 0x6c1e7d3a, 0x9a510f6a, 0x5b0c9d11,
  ]);
});
