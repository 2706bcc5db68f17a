import { accessSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PipelineError } from "../runtime/index.ts";
import {
  catalogueOptions,
  compareLocks,
  generateCode,
  generatedMark,
  type LockChange,
  readLock,
} from "../schemas/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, oneOf, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

type Flags = {
  readonly out: string;
  readonly lang: string;
  readonly types?: string;
  readonly verify?: boolean;
  readonly json?: boolean;
};

const manual: Manual = {
  examples: [
    "hailstream codegen --out src/events                                       # TypeScript, every event that apps post",
    "hailstream codegen --out app/events --lang kotlin --types 'driver.*,trip.*'",
    "hailstream codegen --out src/events --verify                              # in CI: says what changed, writes nothing",
  ],
  json: '{"language","written":[file],"stale":[file],"changes":[{"type","what"}]}',
  exits: { 1: "failed, or with --verify the code is not what the schemas give" },
  notes: "Keep the lock file beside the code: docs/codegen.md.",
};

/** `hailstream codegen`: typed code for apps, from the schemas. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("codegen")
    .description("Writes typed code for apps from the schemas: a wrong event does not compile.")
    .requiredOption("--out <dir>", "folder that the code is written to; it is made when it is missing")
    .addOption(oneOf("--lang <language>", "ts, swift or kotlin", ["ts", "swift", "kotlin"], "ts"))
    .option("--types <names>", "only these events, with commas between; driver.* takes all of a kind")
    .option("--verify", "write nothing; fail when the code is not what the schemas give")
    .option("--json", "print what came of it as one JSON line on standard output");
  withOptions(command, [catalogueOptions]).action((flags: Flags) => {
    const catalogue = catalogueFrom(sourceOf(command, context, optionSets));
    const wanted = flags.types
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const { files, lock, lockFile } = generateCode(catalogue, flags.lang, wanted);
    const before = new Map([...files.keys()].map((file) => [file, textOf(join(flags.out, file))]));
    const stale = [...files].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
    const locked = readLock(before.get(lockFile) ?? "");
    const changes: readonly LockChange[] = locked === undefined ? [] : compareLocks(locked, lock);
    if (flags.verify !== true) {
      for (const [file, text] of before) requireOurs(join(flags.out, file), text);
      write(flags.out, files, stale);
    }
    const written = flags.verify === true ? [] : stale;
    if (flags.json === true) printJson(context, { language: lock.language, written, stale, changes });
    for (const { type, what } of changes) say(context, `${type} ${what}`);
    for (const file of stale) say(context, sentenceOn(join(flags.out, file), flags.verify === true, before.get(file)));
    if (stale.length === 0) say(context, `The code in ${flags.out} is what the schemas give.`);
    end(flags.verify === true && stale.length > 0 ? exitCodes.failed : exitCodes.ok);
  });
  withManual(command, manual);
};

function sentenceOn(path: string, verify: boolean, before: string | undefined): string {
  if (!verify) return `${path} written`;
  const state = before === undefined ? "is missing" : "is not what the schemas give";
  return `${path} ${state}: run hailstream codegen with the same flags, without --verify`;
}

/** @throws PipelineError codegen_output_refused for a file that somebody else wrote */
function requireOurs(path: string, text: string | undefined): void {
  if (text === undefined || text === "") return;
  const head = text.slice(0, 500);
  if (head.includes(generatedMark) || (path.endsWith(".lock.json") && head.includes("`hailstream codegen`"))) return;
  throw new PipelineError("codegen_output_refused", {
    message: `${path} is there and was not generated, so it was not overwritten`,
  });
}

/** Writes each file beside its place and then moves it there, so that a compiler never meets half of one. */
function write(folder: string, files: ReadonlyMap<string, string>, stale: readonly string[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    for (const file of stale) {
      const path = join(folder, file);
      const part = `${path}.part`;
      writeFileSync(part, files.get(file) ?? "");
      renameSync(part, path);
    }
  } catch (cause) {
    throw new PipelineError("codegen_output_refused", { message: `${resolve(folder)} cannot be written to`, cause });
  }
}

/** The text of a file; undefined when there is none. @throws PipelineError codegen_output_refused when it cannot be read */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new PipelineError("codegen_output_refused", { message: `${path} cannot be read`, cause });
  }
}
