import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commandGroups, createProgram, loadProgram } from "../../commands/index.ts";
import { manualOf } from "../../commands/manual.ts";
import { addOutline, outlineOf, readOutline } from "../../commands/outline.ts";
import { callsOf, refusalOf } from "./calls.ts";

const root = resolve(import.meta.dirname, "..", "..");
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const loaded = await loadProgram({ env: {}, stdout: nowhere(), stderr: nowhere() }, () => undefined);
const outline = readOutline();

type Named = { readonly path: string; readonly command: Command };
const everyCommand = namedBelow(loaded);
const leaves = everyCommand.filter(({ command }) => command.commands.length === 0);

function namedBelow(parent: Command, above = ""): readonly Named[] {
  return parent.commands.flatMap((command) => {
    const path = `${above}${command.name()}`;
    return [{ path, command }, ...namedBelow(command, `${path} `)];
  });
}

describe("the outline", () => {
  test("is that of the commands: npm run generate", () => {
    expect(outlineOf(loaded)).toEqual(outline);
    expect(outline.commands.map(({ name }) => name)).toEqual(Object.values(commandGroups).flatMap(Object.keys));
  });

  test("gives the help that the command itself gives", () => {
    const outlined = createProgram();
    const everyName = outline.commands.map(({ name }) => name);
    addOutline(outlined, outline, everyName, async () => undefined);
    for (const { path, command } of namedBelow(outlined)) {
      const own = everyCommand.find((each) => each.path === path)?.command;
      expect(helpOf(command), path).toBe(own === undefined ? "" : helpOf(own));
    }
  });
});

describe.each(everyCommand.map((each) => [each.path, each.command] as const))("hailstream %s", (path, command) => {
  test("says what it does, and shows how in front of its options", () => {
    expect(command.description()).toMatch(/^[A-Z].*\.$/);
    const { examples = [] } = manualOf(command);
    expect(examples).not.toEqual([]);
    for (const example of examples) expect(example).toContain(`hailstream ${path}`);
    expect(helpOf(command)).toMatch(/^Examples:\n/);
  });
});

describe.each(leaves.map((each) => [each.path, each.command] as const))("hailstream %s", (path, command) => {
  test("prints JSON, whose shape it documents, and exit codes", () => {
    if (path.startsWith("completion")) return;
    expect(command.options.map(({ long }) => long)).toContain("--json");
    expect(manualOf(command).json).toBeDefined();
    expect(helpOf(command)).toContain("\nJSON: ");
    expect(helpOf(command)).toContain("\nExit code: 0 ");
  });

  test("refuses a wrong option with the nearest one, and one word too many", () => {
    const given = command.options.filter(({ mandatory, defaultValue }) => mandatory && defaultValue === undefined);
    const words = [...path.split(" "), ...given.flatMap(({ long }) => [long ?? "", "x"])];
    expect(refusalOf([...words, "--jsno"])).toMatch(
      /unknown option '--jsno'\n(\(Did you mean --json\?\)\n)?hailstream .* --help shows/,
    );
    const most = command.registeredArguments;
    if (most.some(({ variadic }) => variadic)) return;
    expect(refusalOf([...words, ...most.map(() => "x"), "y"])).toContain("too many arguments");
  });

  test.runIf(command.registeredArguments.some(({ required }) => required))("refuses to go without its argument", () => {
    expect(refusalOf(path.split(" "))).toContain("missing required argument");
  });
});

describe("every example", () => {
  const examples = everyCommand.flatMap(({ command }) => manualOf(command).examples ?? []);

  test("is taken by the command line", () => {
    const calls = callsOf(examples);
    expect(new Set(calls.map(({ script }) => script)).size).toBe(examples.length);
    for (const { script, words } of calls) expect(refusalOf(words), examples[script]).toBe("");
  });
});

describe("a slip of the finger", () => {
  test.each([
    [["statsu"], "unknown command 'statsu'", "Did you mean status?"],
    [["keys", "creat"], "unknown command 'creat'", "Did you mean create?"],
    [["status", "--jsn"], "unknown option '--jsn'", "Did you mean --json?"],
    [["ingest", "--ingest-prot", "1"], "unknown option '--ingest-prot'", "Did you mean --ingest-port?"],
  ])("%j", (words, what, hint) => {
    const refusal = refusalOf(words);
    expect(refusal).toContain(what);
    expect(refusal).toContain(hint);
    expect(refusal).toContain("--help shows what there is.");
    // The answer must not drown in pages of help.
    expect(refusal.split("\n").length).toBeLessThan(6);
  });
});

describe("the program", () => {
  const call = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, "hailstream.mjs"), ...words], { encoding: "utf8", cwd: root });

  test("answers for help, version and wrong words without loading a command", () => {
    const hook = `data:text/javascript,${encodeURIComponent(
      `import { registerHooks } from "node:module";
       registerHooks({ load(url, context, next) {
         if (/node_modules\\/(zod|kafkajs|avsc|pg|express|pino)\\//.test(url)) throw new Error("loaded " + url);
         return next(url, context);
       } });`,
    )}`;
    for (const words of [["--help"], ["--version"], ["replay", "--help"], ["statsu"], ["keys", "creat"]]) {
      const args = ["--import", hook, join(root, "hailstream.mjs"), ...words];
      const { stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
      expect(stderr + stdout).not.toContain("Error: loaded");
      expect(stderr + stdout).toMatch(/Usage: hailstream|^\d+\.\d+\.\d+\n$|unknown command/);
    }
  });

  test("ends with 0 after help, with 2 after a refusal", () => {
    expect(call("status", "--help")).toMatchObject({ status: 0, stderr: "" });
    expect(call("statsu")).toMatchObject({ status: 2, stdout: "" });
    expect(call("status", "--log-level", "loud").status).toBe(2);
    expect(call("schemas", "example", "trip.requestd")).toMatchObject({ status: 2, stdout: "" });
  });
});

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
