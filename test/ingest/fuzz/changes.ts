import fc from "fast-check";

const change = fc.record({
  how: fc.constantFrom("flip", "set", "insert", "delete", "copy", "cut"),
  /** A share of the length. */
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  byte: fc.oneof(fc.constantFrom(0, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5c, 0x7f, 0x80, 0xff), fc.nat(255)),
  length: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 })),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
/** Changes of bytes. Most have one, since a machine that refuses at the first fault never meets the second. */
export const changes = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(change) },
  { weight: 1, arbitrary: fc.array(change, { maxLength: 6 }) },
);

/** Bytes with some of them flipped, inserted, taken out, repeated, or all from one on cut off. */
export function changed(bytes: Buffer, list: readonly Change[]): Buffer {
  return list.reduce<Buffer>((before, { how, at, byte, length }) => {
    const place = Math.floor(at * before.length);
    const head = before.subarray(0, place);
    const piece = before.subarray(place, place + length);
    const rest = before.subarray(place + length);
    switch (how) {
      case "flip":
        return Buffer.concat([
          head,
          Buffer.from([(before[place] ?? 0) ^ (1 << (byte & 7))]),
          before.subarray(place + 1),
        ]);
      case "set":
        return Buffer.concat([head, Buffer.from([byte]), before.subarray(place + 1)]);
      case "insert":
        return Buffer.concat([head, Buffer.alloc(length, byte), before.subarray(place)]);
      case "delete":
        return Buffer.concat([head, rest]);
      case "copy":
        return Buffer.concat([head, piece, piece, rest]);
      default:
        return head;
    }
  }, bytes);
}
