import fc from "fast-check";
import { expect, test } from "vitest";
import { type ByteWriter, createByteWriterClass } from "../../kafka/byte-writer.ts";
import { createRecordEncoder } from "../../kafka/encode-record.ts";
import { originals } from "../../kafka/kafkajs.ts";

const Original = originals.Encoder as typeof ByteWriter;
const Ours = createByteWriterClass(Original);

/** What kafkajs does with its writers: values, bytes, other writers, lists of writers, nested. */
type Step =
  | { readonly kind: "int32"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes" | "buffer"; readonly value: Buffer }
  | { readonly kind: "nested"; readonly steps: readonly Step[] }
  | { readonly kind: "array"; readonly items: readonly Buffer[] }
  | { readonly kind: "look" };

type Writer = ByteWriter & {
  writeInt32(value: number): Writer;
  writeString(value: string): Writer;
  writeBytes(value: Buffer): Writer;
  writeBuffer(value: Buffer): Writer;
};

function write(Class: typeof ByteWriter, steps: readonly Step[]): Writer {
  const writer = new Class() as Writer;
  for (const step of steps) {
    if (step.kind === "int32") writer.writeInt32(step.value);
    else if (step.kind === "string") writer.writeString(step.value);
    else if (step.kind === "bytes") writer.writeBytes(step.value);
    else if (step.kind === "buffer") writer.writeBuffer(step.value);
    else if (step.kind === "nested") writer.writeEncoder(write(Class, step.steps));
    else if (step.kind === "array")
      writer.writeEncoderArray(step.items.map((buffer) => ({ buffer, buf: buffer, size: () => buffer.length })));
    // Reading in between, as the checksum does, must not change what follows.
    else void writer.buffer;
  }
  return writer;
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const large = fc.nat(5_000).map((length) => Buffer.alloc(length, length));
const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant("int32" as const), value: fc.integer() }),
    fc.record({ kind: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
    fc.record({ kind: fc.constantFrom("bytes" as const, "buffer" as const), value: fc.oneof(bytes(40), large) }),
    fc.record({ kind: fc.constant("look" as const) }),
    fc.record({ kind: fc.constant("array" as const), items: fc.array(fc.oneof(bytes(300), large), { maxLength: 12 }) }),
    fc.record({ kind: fc.constant("nested" as const), steps: fc.array(tie("step"), { maxLength: 6 }) }),
  ),
}));

test("writes the bytes that kafkajs's own writer writes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const ours = write(Ours, steps);
      const theirs = write(Original, steps);
      expect(ours.size()).toBe(theirs.size());
      expect(ours.buffer.equals(theirs.buffer)).toBe(true);
      expect(ours.size()).toBe(ours.buffer.length);
    }),
    { numRuns: 2_000 },
  );
});

test("joins encoded records, neighbours and others mixed, to their bytes in order", () => {
  const encoders = [createRecordEncoder(), createRecordEncoder()];
  const value = fc.nat(40_000).map((length) => Buffer.alloc(length, length));
  fc.assert(
    fc.property(
      fc.array(fc.record({ value, encoder: fc.nat(1), plain: fc.boolean() }), { maxLength: 30 }),
      (records) => {
        const encoded = records.map((record) => encoders[record.encoder]?.(record));
        const mixed = encoded.map((one, i) => (records[i]?.plain ? { buffer: Buffer.from(one?.buffer ?? "") } : one));
        const joined = new Ours().writeEncoderArray(mixed as { buffer: Buffer }[]);
        expect(joined.buffer.equals(Buffer.concat(encoded.map((one) => one?.buffer ?? Buffer.alloc(0))))).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test("refuses what is no writer, as kafkajs does", () => {
  expect(() => new Ours().writeEncoder({} as ByteWriter)).toThrow("instance of Encoder");
});
