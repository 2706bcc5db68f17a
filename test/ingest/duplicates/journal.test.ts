import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { wordsPerId } from "../../../ingest/duplicates/id-window.ts";
import { type Journal, openJournal } from "../../../ingest/duplicates/journal.ts";
import { silentLogger } from "../../../runtime/index.ts";

let dir: string;
let now: number;
let opened: Journal[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-journal-"));
  now = 1_000_000;
  opened = [];
});
afterEach(async () => {
  for (const journal of opened) await journal.close();
  await rm(dir, { recursive: true, force: true });
});

const wordsOf = (id: number) => Uint32Array.from({ length: wordsPerId }, (_, word) => id * 10 + word);

/** Opens the journal as a process does at its start; `loaded` are the ids of earlier runs, in their order. */
async function open(changes: { windowIds?: number; windowMs?: number } = {}) {
  const loaded: number[] = [];
  const warnings: string[] = [];
  let lost = 0;
  const journal = await openJournal({
    dir: join(dir, "made", "if-need-be"),
    windowIds: changes.windowIds ?? 1_000,
    windowMs: changes.windowMs ?? 60_000,
    log: {
      ...silentLogger,
      warn: (_fields: object, text: string) => warnings.push(text),
    } as unknown as typeof silentLogger,
    now: () => now,
    onBlock(words) {
      for (let at = 0; at < words.length; at += wordsPerId) {
        const id = Math.floor((words[at] ?? 0) / 10);
        expect([...words.subarray(at, at + wordsPerId)]).toEqual([...wordsOf(id)]);
        loaded.push(id);
      }
    },
    onLost: (ids) => {
      lost += ids;
    },
  });
  opened.push(journal);
  return {
    ...journal,
    loaded,
    warnings,
    lost: () => lost,
    async write(...ids: number[]) {
      for (const id of ids) journal.append(wordsOf(id), 0);
      await journal.flush();
    },
  };
}
const place = () => join(dir, "made", "if-need-be");
const files = async () => (await readdir(place())).sort();
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test("what was written is there at the next start, in its order, over several runs", async () => {
  const first = await open();
  expect(first.loaded).toEqual([]);
  await first.write(1, 2, 3);
  await first.write(4);
  first.append(wordsOf(5), 0);
  await first.close();
  const second = await open();
  expect(second.loaded).toEqual([1, 2, 3, 4, 5]);
  await second.write(6);
  // No close: the process is killed.
  expect((await open()).loaded).toEqual([1, 2, 3, 4, 5, 6]);
});

test("an id of a large batch is not lost", async () => {
  const journal = await open({ windowIds: 100_000 });
  await journal.write(...range(0, 5_000));
  expect((await open({ windowIds: 100_000 })).loaded).toEqual(range(0, 5_000));
});

test("a torn tail is passed over, wherever it is torn", async () => {
  const journal = await open();
  await journal.write(1, 2);
  await journal.write(3);
  const file = join(place(), (await files())[0] ?? "");
  const whole = await readFile(file);
  const firstBlock = 24 + 2 * 24;
  for (let length = whole.length - 1; length >= 0; length -= 5) {
    await writeFile(file, whole.subarray(0, length));
    const next = await open();
    expect(next.loaded).toEqual(length >= firstBlock ? [1, 2] : []);
    expect(next.warnings).toEqual([]);
  }
});

test("a damaged segment is set aside with a warning, and the others are used", async () => {
  // Each window is eight segments, so that 125 ids fill one.
  const journal = await open();
  await journal.write(...range(0, 200));
  await journal.write(...range(200, 210));
  await journal.write(...range(210, 400));
  await journal.close();
  const [, second = ""] = await files();
  const bytes = await readFile(join(place(), second));
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  await writeFile(join(place(), second), bytes);
  const next = await open();
  expect(next.loaded).toEqual(range(0, 210));
  expect(next.warnings).toHaveLength(1);
  expect(await files()).toContain(`${second}.damaged`);
  await next.write(500);
  const last = await open();
  expect(last.loaded).toEqual([...range(0, 200), 500]);
  expect(last.warnings).toEqual([]);
});

test("a file that is no journal at all is set aside too", async () => {
  await (await open()).write(1);
  const [file = ""] = await files();
  await writeFile(join(place(), file), "this was a journal once, long enough to hold a head");
  const next = await open();
  expect(next.loaded).toEqual([]);
  expect(next.warnings).toHaveLength(1);
});

test("segments that lie outside of the window are deleted: by number", async () => {
  const journal = await open();
  for (let block = 0; block < 40; block++) await journal.write(...range(block * 125, block * 125 + 125));
  expect((await files()).length).toBeLessThanOrEqual(10);
  const { loaded } = await open();
  expect(loaded.slice(-1_000)).toEqual(range(4_000, 5_000));
});

test("segments that lie outside of the window are deleted: by age, also at the start", async () => {
  const journal = await open();
  for (let block = 0; block < 40; block++) {
    now += 10_000;
    await journal.write(block);
  }
  expect((await files()).length).toBeLessThanOrEqual(9);
  await journal.close();
  expect((await open()).loaded).toEqual([34, 35, 36, 37, 38, 39]);
  now += 60_000;
  expect((await open()).loaded).toEqual([]);
  expect(await files()).toEqual([]);
});

test("a directory that cannot be used is refused at the start, by name", async () => {
  await mkdir(place(), { recursive: true });
  await rm(place(), { recursive: true });
  await writeFile(place(), "a file");
  await expect(open()).rejects.toMatchObject({ code: "duplicate_window_unusable", fields: { dir: place() } });
});

test("a disk that fails costs ids and nothing else; when it is back, writing goes on", async () => {
  const journal = await open();
  await rm(place(), { recursive: true });
  await journal.write(1, 2);
  await journal.write(3);
  expect(journal.lost()).toBe(3);
  expect(journal.warnings).toHaveLength(1);
  const again = await open();
  await journal.write(4);
  await journal.close();
  expect(again.loaded).toEqual([]);
  expect((await open()).loaded).toEqual([4]);
});
