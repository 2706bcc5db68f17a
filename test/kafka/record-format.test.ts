import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord } from "../../kafka/decode-record.ts";
import { createRecordEncoder, type EncodableRecord } from "../../kafka/encode-record.ts";
import { groupByPartition } from "../../kafka/group-by-partition.ts";
import { originals } from "../../kafka/kafkajs.ts";
import { partitionOf } from "../../kafka/partitioner.ts";

type Encode = (record: EncodableRecord) => { readonly buffer: Buffer };
type Decode = (decoder: unknown, context: unknown) => Record<string, unknown>;
const encodeByKafkaJs = originals.encodeRecord as Encode;
const decodeByKafkaJs = originals.decodeRecord as Decode;
const encode = createRecordEncoder();
const Decoder = createRequire(import.meta.url)("kafkajs/src/protocol/decoder") as new (
  buffer: Buffer,
) => {
  buffer: Buffer;
  readVarInt(): number;
  offset: number;
};

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const content = fc.oneof(bytes, fc.string({ unit: "grapheme", maxLength: 60 }));
const record = fc.record({
  offsetDelta: fc.nat(2_000_000),
  timestampDelta: fc.oneof(fc.nat(5_000), fc.integer({ min: -(2 ** 41), max: 2 ** 41 })),
  key: fc.oneof(fc.constant(null), content),
  value: fc.oneof(fc.constant(null), content),
  headers: fc.dictionary(
    fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== "__proto__"),
    fc.oneof(content, fc.array(content, { minLength: 1, maxLength: 3 })),
    { maxKeys: 8 },
  ),
});

test("a record is encoded to the bytes that kafkajs's own encoder writes", () => {
  fc.assert(
    fc.property(record, (r) => {
      expect(encode(r).buffer.toString("hex")).toBe(encodeByKafkaJs(r).buffer.toString("hex"));
    }),
    { numRuns: 2_000 },
  );
});

test("a record is decoded to what kafkajs's own decoder gives", () => {
  const context = fc.record({
    firstOffset: fc.oneof(fc.nat().map(String), fc.bigInt(0n, 2n ** 62n).map(String)),
    firstTimestamp: fc.nat(2_000_000_000_000).map(String),
    maxTimestamp: fc.nat(2_000_000_000_000).map(String),
    magicByte: fc.constant(2),
    isControlBatch: fc.boolean(),
    timestampType: fc.constantFrom(0, 1),
  });
  fc.assert(
    fc.property(record, context, (r, c) => {
      const whole = new Decoder(encode(r).buffer);
      whole.readVarInt();
      const body = whole.buffer.subarray(whole.offset);
      const theirs = decodeByKafkaJs(new Decoder(body), c);
      const { attributes: _unused, ...wanted } = theirs;
      const ours: Record<string, unknown> = { ...decodeRecord(new Decoder(body), c) };
      const { timestamp, headers, isControlRecord, magicByte, rawHeaders } = decodeRecord(new Decoder(body), c);
      expect({ ...ours, timestamp, headers, isControlRecord, magicByte }).toEqual({ ...wanted, rawHeaders });
      // Handed on raw, the headers are the same bytes again.
      expect(encode({ ...r, headers: rawHeaders }).buffer.equals(encode(r).buffer)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("a header named __proto__ changes no object", () => {
  const { buffer } = encode({ value: null, headers: { __proto__x: "1" } });
  const named = Buffer.from(buffer.toString("latin1").replace("__proto__x", "__proto__\0"), "latin1");
  named[named.indexOf("__proto__") - 1] = 9 << 1;
  const whole = new Decoder(named);
  whole.readVarInt();
  const decoded = decodeRecord(new Decoder(whole.buffer.subarray(whole.offset)), {
    firstOffset: "0",
    firstTimestamp: "0",
    magicByte: 2,
  });
  expect(Object.getPrototypeOf(decoded.headers)).toBe(Object.prototype);
});

test("the checksum and the grouping are kafkajs's own", () => {
  const crc = createRequire(import.meta.url)("@node-rs/crc32") as { crc32c(bytes: Buffer): number };
  fc.assert(
    fc.property(bytes, (b) => {
      expect(crc.crc32c(b)).toBe((originals.crc32c as (b: Buffer) => number)(b));
    }),
  );
  type Group = typeof groupByPartition<{ key: string }>;
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 0, max: 7 }), (keys, count) => {
      const args = {
        topic: "t",
        partitionMetadata: Array.from({ length: count }),
        messages: keys.map((key) => ({ key })),
        partitioner: ({ message }: { message: { key: string } }) => partitionOf(message.key, count),
      };
      expect(groupByPartition(args)).toEqual((originals.groupByPartition as Group)(args));
    }),
  );
});
