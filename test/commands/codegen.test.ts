import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { add } from "../../commands/codegen.ts";

let folder = "";
let out = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hailstream-codegen-"));
  out = join(folder, "src", "events");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Calls the command as main.ts does. */
async function codegen(...flags: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let code = 0;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  add(program, { env: {}, stdout, stderr }, (exitCode) => {
    code = exitCode;
  });
  await program.parseAsync(["codegen", ...flags], { from: "user" });
  const text = (stream: PassThrough) => String(stream.read() ?? "");
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const pathOf = (name: string) => join(out, name);

test("writes code and lock into a folder that it makes, and a second time nothing", async () => {
  const first = await codegen("--out", out, "--types", "trip.*", "--json");
  const files = ["events.ts", "hailstream-ts.lock.json"];
  expect(JSON.parse(first.stdout)).toEqual({ language: "ts", written: files, stale: files, changes: [] });
  expect(readdirSync(out)).toEqual(files);
  const second = await codegen("--out", out, "--types", "trip.*", "--json");
  expect(JSON.parse(second.stdout)).toEqual({ language: "ts", written: [], stale: [], changes: [] });
});

test("languages live beside each other", async () => {
  for (const lang of ["ts", "swift", "kotlin"]) expect((await codegen("--out", out, "--lang", lang)).code).toBe(0);
  expect(readdirSync(out)).toHaveLength(6);
  for (const lang of ["ts", "swift", "kotlin"])
    expect((await codegen("--out", out, "--lang", lang, "--verify")).code).toBe(0);
});

test("--verify tells what changed, writes nothing and fails", async () => {
  await codegen("--out", out, "--types", "trip.rated,trip.started");
  const lock = readFileSync(pathOf("hailstream-ts.lock.json"), "utf8");
  // As if the schema had changed since.
  const older = lock.replace('"rating": "int"', '"rating": "text"').replace(/"hash": "\w+"/g, '"hash": "0"');
  expect(older).toContain('"rating": "text"');
  writeFileSync(pathOf("hailstream-ts.lock.json"), older);
  const verified = await codegen("--out", out, "--types", "trip.rated,trip.started", "--verify", "--json");
  expect(verified.code).toBe(1);
  expect(JSON.parse(verified.stdout)).toEqual({
    language: "ts",
    written: [],
    stale: ["hailstream-ts.lock.json"],
    changes: [
      { type: "trip.rated", what: "field rating: was text, is int" },
      { type: "trip.started", what: "has other docs, bounds or class" },
    ],
  });
  expect(verified.stderr).toContain("trip.rated field rating: was text, is int\n");
  expect(readFileSync(pathOf("hailstream-ts.lock.json"), "utf8")).toBe(older);
});

test("--verify fails for code that somebody edited, and for none", async () => {
  expect((await codegen("--out", out, "--verify")).code).toBe(1);
  expect(() => readdirSync(out)).toThrow("ENOENT");
  await codegen("--out", out);
  const code = readFileSync(pathOf("events.ts"), "utf8");
  writeFileSync(pathOf("events.ts"), `${code}export const mine = 1;\n`);
  expect(await codegen("--out", out, "--verify")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("events.ts is not what the schemas give"),
  });
  await codegen("--out", out);
  expect(readFileSync(pathOf("events.ts"), "utf8")).toBe(code);
});

test.each(["events.ts", "hailstream-ts.lock.json"])(
  "a file %s of somebody else stays, and so does all else",
  async (name) => {
    mkdirSync(out, { recursive: true });
    writeFileSync(pathOf(name), "mine");
    await expect(codegen("--out", out)).rejects.toMatchObject({ code: "codegen_output_refused" });
    expect(readFileSync(pathOf(name), "utf8")).toBe("mine");
    expect(readdirSync(out)).toEqual([name]);
  },
);

test("a folder that cannot be made is refused by its name", async () => {
  writeFileSync(join(folder, "src"), "a file");
  await expect(codegen("--out", out)).rejects.toMatchObject({
    code: "codegen_output_refused",
    message: `${out} cannot be written to`,
  });
});

test("a folder in the place of the file is refused", async () => {
  mkdirSync(pathOf("events.ts"), { recursive: true });
  await expect(codegen("--out", out)).rejects.toMatchObject({ code: "codegen_output_refused" });
});

test("--out must be given, and a wrong language is refused before anything is written", async () => {
  await expect(codegen()).rejects.toMatchObject({ code: "commander.missingMandatoryOptionValue" });
  await expect(codegen("--out", out, "--lang", "java")).rejects.toMatchObject({ code: "option_invalid" });
  expect(() => readdirSync(out)).toThrow("ENOENT");
});
