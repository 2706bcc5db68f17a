import { access, constants, type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type Logger, messageOf, PipelineError } from "../../runtime/index.ts";
import { wordsPerId } from "./id-window.ts";

/**
 * The window of duplicates on disk, for the next start: blocks of ids are appended to segments, and segments that hold nothing of the
 * window any more are deleted. Nothing waits for it: a block is written some milliseconds after its events were answered, without fsync. So a
 * killed process loses the ids of its last moments, and a machine that loses power those of its last half minute or so; for
 * them the key of the tables is what recognises a duplicate. An error of the disk is logged and counted, never more.
 */
export type Journal = {
  /** Adds an event to the block under way: the words of `from` at `at`. */
  append(from: Uint32Array, at: number): void;
  /** Writes the block under way, if the one before it is written. */
  flush(): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
};

export type JournalParts = {
  readonly dir: string;
  readonly windowIds: number;
  readonly windowMs: number;
  readonly log: Logger;
  readonly now: () => number;
  /** Hears of each block of an earlier run, the oldest first. The words are valid during the call only. */
  onBlock(words: Uint32Array, time: number): void;
  /** Hears of ids that are not on disk because of an error. */
  onLost(ids: number): void;
};

type Segment = { readonly number: number; ids: number; lastTime: number };

const idBytes = wordsPerId * 4;
const headBytes = 24;
const magic = 0x31534448;
/** A window is this many segments, so that at most so much more than the window is on disk. */
const segmentsOfWindow = 8;
/** Ids that may wait for a disk that hangs: 6 MB. */
const maxWaitingIds = 256 * 1024;

/**
 * Opens the journal in `dir`, which is made if need be, and gives back what earlier runs left there. A block that ends too early is the
 * mark of a killed process and is passed over; a segment that is damaged is set aside under another name and logged, what stands in it
 * before the damage is used.
 * @throws PipelineError duplicate_window_unusable when the directory cannot be made or read
 */
export async function openJournal(parts: JournalParts): Promise<Journal> {
  const { dir, log, now } = parts;
  const segments = await openDir(parts);
  let file: { readonly handle: FileHandle; bytes: number; readonly began: number } | undefined;
  let waiting = newBlock(1_024);
  let spare = newBlock(1_024);
  let writing: Promise<void> | undefined;
  let broken = false;

  async function write(block: Block): Promise<void> {
    const ids = block.ids;
    try {
      file ??= await begin();
      const time = now();
      const bytes = finish(block, time);
      await file.handle.appendFile(bytes);
      file.bytes += bytes.length;
      const segment = segments.at(-1) as Segment;
      segment.ids += ids;
      segment.lastTime = time;
      if (broken) log.info({ dir }, "the journal of duplicates is written again");
      broken = false;
      const isFull = file.bytes * segmentsOfWindow >= parts.windowIds * idBytes;
      if (isFull || (time - file.began) * segmentsOfWindow >= parts.windowMs) await end();
    } catch (error) {
      parts.onLost(ids);
      if (!broken) log.warn({ dir }, `the journal of duplicates cannot be written: ${messageOf(error)}`);
      broken = true;
      // What was written of the block ends the segment: nothing may stand behind it.
      await end().catch(() => undefined);
    } finally {
      block.ids = 0;
    }
  }

  async function begin() {
    const number = (segments.at(-1)?.number ?? 0) + 1;
    segments.push({ number, ids: 0, lastTime: now() });
    await removeOld(segments, parts);
    return { handle: await open(join(dir, nameOf(number)), "ax", 0o600), bytes: 0, began: now() };
  }

  async function end(): Promise<void> {
    const handle = file?.handle;
    file = undefined;
    await handle?.close();
  }

  async function flush(): Promise<void> {
    if (writing !== undefined || waiting.ids === 0) return;
    const block = waiting;
    waiting = spare;
    spare = block;
    writing = write(block).finally(() => {
      writing = undefined;
    });
    await writing;
  }

  return {
    append(from, at) {
      if (waiting.ids === waiting.room) {
        if (waiting.room >= maxWaitingIds) return parts.onLost(1);
        waiting = enlarged(waiting);
      }
      const { words } = waiting;
      const to = headBytes / 4 + waiting.ids++ * wordsPerId;
      for (let word = 0; word < wordsPerId; word++) words[to + word] = from[at + word] as number;
    },
    flush,
    async close() {
      await writing;
      await flush();
      await end();
    },
  };
}

/** A block under way: room for its head, then its ids. */
type Block = { readonly words: Uint32Array; readonly room: number; ids: number };

function newBlock(room: number): Block {
  return { words: new Uint32Array(headBytes / 4 + room * wordsPerId), room, ids: 0 };
}

function enlarged(block: Block): Block {
  const larger = newBlock(block.room * 2);
  larger.words.set(block.words);
  larger.ids = block.ids;
  return larger;
}

/**
 * The bytes of a block. Its head: magic, number of ids, time (a double), CRC-32 of all but the magic with the CRC itself as zero. In the
 * byte order of the machine.
 */
function finish({ words, ids }: Block, time: number): Buffer {
  const bytes = Buffer.from(words.buffer, 0, headBytes + ids * idBytes);
  words[0] = magic;
  words[1] = ids;
  new Float64Array(words.buffer, 8, 1)[0] = time;
  words[4] = 0;
  words[5] = 0;
  words[4] = crc32(bytes.subarray(4));
  return bytes;
}

const nameOf = (number: number) => `${String(number).padStart(10, "0")}.ids`;
const named = /^(\d{10})\.ids$/;

async function openDir(parts: JournalParts): Promise<Segment[]> {
  const { dir } = parts;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await access(dir, constants.R_OK | constants.W_OK);
    return await load(parts);
  } catch (cause) {
    throw new PipelineError("duplicate_window_unusable", { cause, fields: { dir, reason: messageOf(cause) } });
  }
}

async function load(parts: JournalParts): Promise<Segment[]> {
  const { dir, log } = parts;
  const segments: Segment[] = [];
  const numbers = (await readdir(dir)).flatMap((name) => named.exec(name)?.[1] ?? []);
  for (const number of numbers.map(Number).sort((a, b) => a - b)) {
    const file = join(dir, nameOf(number));
    const segment: Segment = { number, ids: 0, lastTime: 0 };
    const damage = await read(file, segment, parts).catch(messageOf);
    segments.push(segment);
    if (damage === undefined) continue;
    log.warn({ file, damage }, "a segment of the journal of duplicates is damaged and set aside");
    await rename(file, `${file}.damaged`).catch(() => undefined);
  }
  await removeOld(segments, parts);
  return segments;
}

/** Reads a segment block by block; says what is wrong with it, if anything is. */
async function read(file: string, segment: Segment, parts: JournalParts): Promise<string | undefined> {
  const found = await readFile(file);
  // Numbers need an address that is a multiple of eight, which only a buffer of its own surely has.
  const bytes = found.byteOffset === 0 ? found : Buffer.from(Uint8Array.from(found).buffer);
  for (let at = 0; bytes.length - at >= headBytes; ) {
    const head = new Uint32Array(bytes.buffer, at, headBytes / 4);
    const [first, ids = 0, , , crc] = head;
    if (first !== magic) return `there is no block at ${at}`;
    const end = at + headBytes + ids * idBytes;
    if (end > bytes.length) return undefined;
    const time = new Float64Array(bytes.buffer, at + 8, 1)[0] as number;
    head[4] = 0;
    if (crc32(bytes.subarray(at + 4, end)) !== crc) return `the block at ${at} has another checksum`;
    if (time > parts.now() - parts.windowMs) {
      parts.onBlock(new Uint32Array(bytes.buffer, at + headBytes, ids * wordsPerId), time);
    }
    segment.ids += ids;
    segment.lastTime = time;
    at = end;
  }
  return undefined;
}

/** Deletes the segments whose ids are all outside of the window, by their age or because enough came after them. */
async function removeOld(segments: Segment[], { dir, windowIds, windowMs, now }: JournalParts): Promise<void> {
  let newer = 0;
  const old: Segment[] = [];
  for (const segment of segments.toReversed()) {
    if (newer >= windowIds || segment.lastTime <= now() - windowMs) old.push(segment);
    newer += segment.ids;
  }
  for (const segment of old) {
    // The newest stays in the list, for its number.
    if (segment !== segments.at(-1)) segments.splice(segments.indexOf(segment), 1);
    await rm(join(dir, nameOf(segment.number)), { force: true });
  }
}
