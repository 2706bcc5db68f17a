import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Door, openDoor } from "./door.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
/** Not every machine has it. */
const uuidgen = `uuidgen() { "${process.execPath}" -p "crypto.randomUUID()"; }`;

let door: Door;
let folder: string;
beforeAll(async () => {
  door = await openDoor({ kafka: inject("kafka"), registry: inject("registry") });
  folder = await mkdtemp(join(tmpdir(), "hailstream-examples-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
});
afterAll(async () => {
  await door?.close();
  await rm(folder, { recursive: true });
});

/** Runs an example as a reader of the page would, and gives what it prints. */
async function print(language: string, code: string): Promise<string> {
  const env = { ...process.env, HAILSTREAM: door.url, KEY: door.key, REGISTRY: inject("registry") };
  const file = join(folder, language === "js" ? "example.mjs" : "example.sh");
  await writeFile(file, language === "js" ? code : `set -euo pipefail\n${uuidgen}\n${code}`);
  const program = language === "js" ? process.execPath : "bash";
  const { stdout, stderr } = await run(program, [file], { cwd: folder, env, timeout: 60_000 });
  return stdout + stderr.replace(/^.*% Total[\s\S]*$/m, "");
}

test("every example of docs/formats.md is accepted as it stands there", async () => {
  const page = await readFile(join(root, "docs/formats.md"), "utf8");
  const examples = [...page.matchAll(/^```(sh|js)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
  const runnable = examples.filter(({ code }) => !code.startsWith("export "));
  expect(runnable.length).toBe(12);
  for (const { language, code } of runnable) {
    const printed = await print(language, code);
    // The client of Segment prints errors only.
    if (code.includes("@segment/")) expect(printed).toBe("");
    else expect({ code, printed }).toMatchObject({ printed: expect.stringMatching(/["']?accepted["']?/) });
    expect({ code, printed }).toMatchObject({
      printed: expect.not.stringMatching(/rejected["']?:? ?['"]?[1-9]|error/i),
    });
  }
});
