import createXxhash from "xxhash-wasm";

/**
 * What the window keeps of an event, as six words of 32 bits.
 *
 * Words 0 to 3, the id: the 128 bits of a UUID as they are; of any other id, two 64-bit hashes (XXH64) of its text. UUIDs therefore never
 * meet. Two other ids that meet would be taken for one: with 1,000,000 ids remembered and 100,000 events a second that has a chance of
 * 3e-28 a second, and even then it is a conflict, which is kept in quarantine, unless the contents look the same too.
 *
 * Words 4 and 5, the content: see {@link sameContent}.
 */
export type EventWords = {
  /**
   * Writes the words of an event to `words` from `at` on.
   * @param time of the event, milliseconds since 1970
   * @param value the Avro bytes in Confluent framing
   */
  read(id: string, type: string, schemaId: number, time: number, value: Buffer, words: Uint32Array, at: number): void;
};

/** Seeds of the two halves. They are part of the journal's format: another seed would not know the ids of the last run. */
const seed1 = 0x6861_696cn;
const seed2 = 0x7374_7265n;
const seedOfContent = 0x616d;

/** Loads the hash, which is WebAssembly: a call of a native one costs three times as much at the size of an event. */
export async function createEventWords(): Promise<EventWords> {
  const { h32, h32Raw, h64 } = await createXxhash();
  const halves = new BigUint64Array(2);
  const quarters = new Uint32Array(halves.buffer);
  const typeHashes = new Map<string, number>();
  // Neighbours are mostly of one type.
  let lastType = "";
  let lastHash = 0;

  function hashOfType(type: string): number {
    if (type === lastType) return lastHash;
    const hash = typeHashes.get(type) ?? h32(type, seedOfContent);
    typeHashes.set(type, hash);
    lastType = type;
    lastHash = hash;
    return hash;
  }

  return {
    read(id, type, schemaId, time, value, words, at) {
      if (!readUuid(id, words, at)) {
        halves[0] = h64(id, seed1);
        halves[1] = h64(id, seed2);
        for (let i = 0; i < 4; i++) words[at + i] = quarters[i] as number;
      }
      words[at + 4] = h32Raw(value, seedOfContent);
      const when = Math.imul(time % 4_294_967_296, 0x9e3779b1) ^ Math.imul(time / 4_294_967_296, 0x85ebca6b);
      words[at + 5] = ((hashOfType(type) ^ when) & ~0xff) | (schemaId & 0xff);
    },
  };
}

/**
 * Whether two events with the same id are the same event, by word 4 (32-bit hash of the Avro bytes) and word 5 (24 bits of type and time,
 * 8 bits of the schema's id). Equal bytes of one schema are equal content. When the schema has changed between two attempts, the bytes
 * cannot be compared, and type and time decide: a retry after the registration of a new version must not become a conflict.
 *
 * Two contents that look the same by accident, once in 4 billion conflicts, make the second a duplicate: the event that was stored first
 * stays, which is what the table would do. Never is an event taken for a conflict, or for known, without an equal id.
 */
export function sameContent(word4: number, word5: number, other4: number, other5: number): boolean {
  if (word5 === other5) return word4 === other4;
  return word5 >>> 8 === other5 >>> 8;
}

const hyphen = 45;
const noDigit = 0x1_0000;
/** The value of each hexadecimal digit in lower case by its character. */
const digits = new Int32Array(128).fill(noDigit);
for (let value = 0; value < 16; value++) digits["0123456789abcdef".charCodeAt(value)] = value;

/** Reads a UUID in its usual form into four words; false for anything else, upper case too, which is another id. */
export function readUuid(text: string, words: Uint32Array, at: number): boolean {
  if (text.length !== 36) return false;
  if (text.charCodeAt(8) !== hyphen || text.charCodeAt(13) !== hyphen) return false;
  if (text.charCodeAt(18) !== hyphen || text.charCodeAt(23) !== hyphen) return false;
  const a = four(text, 0);
  const b = four(text, 4);
  const c = four(text, 9);
  const d = four(text, 14);
  const e = four(text, 19);
  const f = four(text, 24);
  const g = four(text, 28);
  const h = four(text, 32);
  if ((a | b | c | d | e | f | g | h) >= noDigit) return false;
  words[at] = (a << 16) | b;
  words[at + 1] = (c << 16) | d;
  words[at + 2] = (e << 16) | f;
  words[at + 3] = (g << 16) | h;
  return true;
}

/** Four hexadecimal digits as a number; `noDigit` or more when one of them is none. */
function four(text: string, at: number): number {
  const a = text.charCodeAt(at);
  const b = text.charCodeAt(at + 1);
  const c = text.charCodeAt(at + 2);
  const d = text.charCodeAt(at + 3);
  if ((a | b | c | d) > 127) return noDigit;
  return (
    ((digits[a] as number) << 12) | ((digits[b] as number) << 8) | ((digits[c] as number) << 4) | (digits[d] as number)
  );
}
