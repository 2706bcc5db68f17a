import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodeFrames,
  type Frame,
  framesOf,
  headBytes,
  headOf,
  readHead,
  stampFrames,
} from "../../../ingest/spool/frames.ts";
import { mostBytesOf, readRecord, writeRecord } from "../../../ingest/spool/record-bytes.ts";
import { type OutgoingRecord, RawHeaders } from "../../../kafka/index.ts";

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const headers = fc.dictionary(
  text.filter((name) => name !== "__proto__"),
  fc.oneof(text, bytes),
  { maxKeys: 5, noNullPrototype: true },
);
const record: fc.Arbitrary<OutgoingRecord> = fc.record(
  {
    key: fc.oneof(text, bytes, fc.constant(null)),
    value: fc.option(bytes),
    headers: fc.oneof(
      headers,
      bytes.map((raw) => new RawHeaders(raw)),
    ),
    partition: fc.nat(5),
  },
  { requiredKeys: ["key", "value"] },
);
const asBytes = (value: Buffer | string | null) => (typeof value === "string" ? Buffer.from(value) : value);

test("a record comes back as it was", () => {
  fc.assert(
    fc.property(text, record, (topic, given) => {
      const out = Buffer.alloc(mostBytesOf(topic, given) + 1);
      const end = writeRecord(out, 0, topic, given);
      expect(end).toBeLessThan(out.length);
      const found = readRecord(out.subarray(0, end));
      expect(found.topic).toBe(topic);
      expect(found.record.key).toEqual(asBytes(given.key));
      expect(found.record.value).toEqual(given.value);
      expect(found.record.partition).toBe(given.partition);
      const { headers: wanted = {} } = given;
      if (wanted instanceof RawHeaders) expect(found.record.headers).toEqual(wanted);
      else {
        const pairs = Object.entries(wanted).map(([name, value]) => [name, asBytes(value)]);
        expect(found.record.headers).toEqual(Object.fromEntries(pairs));
      }
    }),
  );
});

const salt = 0x1234_5678;
/** A segment of so many frames with payloads of some size, numbered from 100. */
const segment = fc.array(bytes, { minLength: 1, maxLength: 12 }).map((values) => {
  const frames = encodeFrames(
    "topic",
    values.map((value) => ({ key: "key", value })),
  );
  stampFrames(frames, salt, 100, 1_700_000_000_000);
  return Buffer.concat([headOf({ salt, voided: 0 }), frames]);
});
const read = (from: Buffer, with_ = salt) => [...framesOf(from, with_, headBytes)];
const wholeFrames = (from: Buffer) => read(from).filter((found): found is Frame => found.kind === "frame");
const told = ({ from, to, sequence, time, payload }: Frame) => ({
  from,
  to,
  sequence,
  time,
  payload: Buffer.from(payload),
});

test("a segment cut anywhere gives every frame that is whole before the cut, and the rest as a torn tail", () => {
  fc.assert(
    fc.property(segment, fc.nat(), (original, seed) => {
      const cut = headBytes + (seed % (original.length - headBytes + 1));
      const found = read(original.subarray(0, cut));
      const whole = wholeFrames(original).filter(({ to }) => to <= cut);
      expect(found.filter((one): one is Frame => one.kind === "frame").map(told)).toEqual(whole.map(told));
      const end = whole.at(-1)?.to ?? headBytes;
      const tail = found.filter(({ kind }) => kind === "damage");
      expect(tail).toEqual(end === cut ? [] : [{ kind: "damage", from: end, to: cut, torn: true }]);
    }),
    { numRuns: 200 },
  );
});

test("flipped bits cost the frames that they are in and no other, and no wrong frame is ever given", () => {
  fc.assert(
    fc.property(segment, fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), (original, seeds) => {
      const damaged = Buffer.from(original);
      const room = (original.length - headBytes) * 8;
      const bits = [...new Set(seeds.map((seed) => headBytes * 8 + (seed % room)))];
      for (const bit of bits) damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const hit = ({ from, to }: Frame) => bits.some((bit) => bit >> 3 >= from && bit >> 3 < to);
      const unharmed = wholeFrames(original).filter((frame) => !hit(frame));
      expect(wholeFrames(damaged).map(told)).toEqual(unharmed.map(told));
      // Everything is accounted for, in order and without a hole.
      let at = headBytes;
      for (const { from, to } of read(damaged)) {
        expect(from).toBe(at);
        at = to;
      }
      expect(at).toBe(damaged.length);
    }),
    { numRuns: 300 },
  );
});

test("random bytes, zeros and the frames of another segment are no frames", () => {
  const frames = encodeFrames("topic", [{ key: "key", value: Buffer.from("value") }]);
  stampFrames(frames, salt + 1, 1, 1);
  const foreign = Buffer.concat([headOf({ salt, voided: 0 }), frames, Buffer.alloc(4_096)]);
  expect(read(foreign)).toEqual([{ kind: "damage", from: headBytes, to: foreign.length, torn: true }]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_096 }), (noise) => {
      expect([...framesOf(Buffer.from(noise), salt, 0)].every(({ kind }) => kind === "damage")).toBe(true);
    }),
  );
});

test("what a sender made to look like a frame stays a part of his event, even behind damage", () => {
  const forged = encodeFrames("payments", [{ key: "key", value: Buffer.from("forged") }]);
  // He knows everything but the salt.
  stampFrames(forged, 0, 101, 1);
  const frames = encodeFrames("topic", [
    { key: "key", value: Buffer.concat([forged, forged]) },
    { key: "key", value: Buffer.from("next") },
  ]);
  stampFrames(frames, salt, 100, 1);
  frames.writeUInt8((frames.readUInt8(4) + 1) & 0xff, 4);
  const found = [...framesOf(frames, salt, 0)];
  expect(found.map(({ kind }) => kind)).toEqual(["damage", "frame"]);
  expect(found[1]).toMatchObject({ sequence: 101 });
});

test("a head with any flipped bit is no head", () => {
  const head = headOf({ salt, voided: 3 });
  expect(readHead(head)).toEqual({ salt, voided: 3 });
  expect(readHead(head.subarray(0, headBytes - 1))).toBeUndefined();
  for (let bit = 0; bit < headBytes * 8; bit++) {
    const other = Buffer.from(head);
    other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(readHead(other)).toBeUndefined();
  }
});
