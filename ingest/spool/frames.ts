import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { mostBytesOf, writeRecord } from "./record-bytes.ts";

/**
 * A segment file: a head, then frames, each with one record.
 *
 *     head    8 bytes "HSSPOOL1" · u32 salt · u32 void · u32 CRC-32 of the 16 bytes before
 *     frame   u32 magic · u32 CRC-32 · u32 length of the payload · u48 sequence · u48 time, ms since 1970 · payload
 *
 * All little-endian. Sequences go on from frame to frame and from segment to segment, so that a missing frame shows; `void` is how many in
 * front of the segment were given to frames that the disk refused, whose senders know. A frame's CRC-32 begins with the segment's salt and covers everything behind it in the frame: neither a flipped bit
 * anywhere, nor a frame of another segment, nor bytes that a sender has made to look like a frame, pass for one.
 */
export const headBytes = 20;
export const frameHeadBytes = 24;
/** A longer payload is never written, so a length above this is damage. */
export const maxPayloadBytes = 1024 * 1024;

const headMagic = Buffer.from("HSSPOOL1");
const frameMagic = 0x4d52_4653;
const frameMagicBytes = Buffer.from(new Uint8Array(new Uint32Array([frameMagic]).buffer));
const coveredFrom = 8;

export function newSalt(): number {
  return randomBytes(4).readUInt32LE();
}

export type Head = { readonly salt: number; readonly voided: number };

export function headOf({ salt, voided }: Head): Buffer {
  const head = Buffer.alloc(headBytes);
  headMagic.copy(head);
  head.writeUInt32LE(salt, 8);
  head.writeUInt32LE(voided, 12);
  head.writeUInt32LE(crc32(head.subarray(0, 16)), 16);
  return head;
}

/** Undefined when the bytes do not begin with a whole head. */
export function readHead(bytes: Buffer): Head | undefined {
  if (bytes.length < headBytes || !bytes.subarray(0, 8).equals(headMagic)) return undefined;
  if (bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16))) return undefined;
  return { salt: bytes.readUInt32LE(8), voided: bytes.readUInt32LE(12) };
}

/** The frames of the records, one behind the other; complete but for what {@link stampFrames} adds. */
export function encodeFrames(topic: string, records: readonly OutgoingRecord[]): Buffer {
  let most = 0;
  for (const record of records) most += frameHeadBytes + mostBytesOf(topic, record);
  const out = Buffer.allocUnsafe(most);
  let at = 0;
  for (const record of records) {
    const end = writeRecord(out, at + frameHeadBytes, topic, record);
    out.writeUInt32LE(frameMagic, at);
    out.writeUInt32LE(end - at - frameHeadBytes, at + 8);
    at = end;
  }
  return out.subarray(0, at);
}

/** Numbers the frames from `sequence` on and seals them for the segment; gives the sequence behind the last one. */
export function stampFrames(frames: Buffer, salt: number, sequence: number, time: number): number {
  let next = sequence;
  for (let at = 0; at < frames.length; ) {
    const end = at + frameHeadBytes + frames.readUInt32LE(at + 8);
    frames.writeUIntLE(next++, at + 12, 6);
    frames.writeUIntLE(time, at + 18, 6);
    frames.writeUInt32LE(crc32(frames.subarray(at + coveredFrom, end), salt), at + 4);
    at = end;
  }
  return next;
}

/** A whole frame. `from` and `to` are places in the bytes that were searched. */
export type Frame = {
  readonly kind: "frame";
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  /** When it was written, milliseconds since 1970. */
  readonly time: number;
  readonly payload: Buffer;
};

/** Bytes that are no frame. `torn`: nothing whole stands behind them. */
export type Damage = { readonly kind: "damage"; readonly from: number; readonly to: number; readonly torn: boolean };

/**
 * Everything that stands in the bytes from `at` on, in order and without a hole: whole frames, and the damage between and behind them. Behind
 * damage it goes on with the next whole frame.
 */
export function* framesOf(bytes: Buffer, salt: number, at: number): Generator<Frame | Damage, void, undefined> {
  while (at < bytes.length) {
    const frame = frameAt(bytes, salt, at);
    if (frame !== undefined) {
      yield frame;
      at = frame.to;
      continue;
    }
    const next = findFrame(bytes, salt, at + 1);
    yield { kind: "damage", from: at, to: next, torn: next === bytes.length };
    at = next;
  }
}

function frameAt(bytes: Buffer, salt: number, at: number): Frame | undefined {
  if (bytes.length - at < frameHeadBytes || bytes.readUInt32LE(at) !== frameMagic) return undefined;
  const length = bytes.readUInt32LE(at + 8);
  const to = at + frameHeadBytes + length;
  if (length > maxPayloadBytes || to > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + coveredFrom, to), salt) !== bytes.readUInt32LE(at + 4)) return undefined;
  return {
    kind: "frame",
    from: at,
    to,
    sequence: bytes.readUIntLE(at + 12, 6),
    time: bytes.readUIntLE(at + 18, 6),
    payload: bytes.subarray(at + frameHeadBytes, to),
  };
}

/** Where the next whole frame begins; the end of the bytes when there is none. */
function findFrame(bytes: Buffer, salt: number, from: number): number {
  for (let at = bytes.indexOf(frameMagicBytes, from); at !== -1; at = bytes.indexOf(frameMagicBytes, at + 1)) {
    if (frameAt(bytes, salt, at) !== undefined) return at;
  }
  return bytes.length;
}
