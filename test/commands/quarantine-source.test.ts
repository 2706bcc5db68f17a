import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { editEvent, pipeEvents, readEventFile } from "../../commands/quarantine-source.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-source-"));
});
afterEach(() => rm(dir, { recursive: true }));

const node = `"${process.execPath}" -e`;
const refused = (words: string) =>
  expect.objectContaining({ code: "quarantine_fix_invalid", message: expect.stringContaining(words) });

test("an editor, with its arguments, changes the event; nothing is left of it on the disk", async () => {
  const seen = join(dir, "seen");
  // The file's name is the last argument of whatever the editor is.
  const edited = editEvent({ id: "a", data: { speed: "8.3" } }, `echo "$1" > ${seen}; sed -i -e 's/"8.3"/8.3/'`);
  expect(edited).toEqual({ id: "a", data: { speed: 8.3 } });
  const file = (await readFile(seen, "utf8")).trim();
  expect(file).toMatch(/event\.json$/);
  expect([existsSync(file), existsSync(dirname(file))]).toEqual([false, false]);
  expect(() => editEvent({ id: "a" }, "false")).toThrow(refused("code 1"));
  expect(() => editEvent({ id: "a" }, "sed -i -e s/}//")).toThrow(refused("the edited event"));
});

test("a program gets one event a line and gives one back for each, however many there are", async () => {
  const events = Array.from({ length: 5_000 }, (_, n) => ({ n, text: "line\nbreak" }));
  const program = `${node} 'require("node:readline").createInterface({ input: process.stdin }).on("line", (l) => { const e = JSON.parse(l); e.n += 1; console.log(JSON.stringify(e)); })'`;
  expect(await pipeEvents(events, program)).toEqual(events.map(({ n, text }) => ({ n: n + 1, text })));
  expect(await pipeEvents([], "false")).toEqual([]);
});

test.each([
  ["false", "code 1"],
  ["true", "0 lines for 2 events"],
  ["head -n 1", "1 lines for 2 events"],
  ["sed s/{/[/", "sed s/{/[/"],
  ["sed s/.*/7/", "an event is a JSON object"],
  ["/nonexistent/program", "code 127"],
])("a program that does %s is refused, and says why", async (program, words) => {
  await expect(pipeEvents([{ a: 1 }, { a: 2 }], program)).rejects.toEqual(refused(words));
});

test("a file holds the one event, and nothing else", async () => {
  const file = join(dir, "event.json");
  await writeFile(file, '{ "id": "a" }\n');
  expect(readEventFile(file)).toEqual({ id: "a" });
  await writeFile(file, "[]");
  expect(() => readEventFile(file)).toThrow(refused("JSON object"));
  await writeFile(file, "{");
  expect(() => readEventFile(file)).toThrow(refused(file));
  expect(() => readEventFile(join(dir, "none"))).toThrow(refused("ENOENT"));
});
