import type { Command } from "commander";
import { z } from "zod";
import { permit, scopes } from "../ingest/identity/scopes.ts";
import { localOptions } from "../local/options.ts";
import { didYouMean, messageOf, PipelineError } from "../runtime/index.ts";
import {
  type AddCommand,
  type CommandContext,
  exitCodes,
  oneOf,
  printJson,
  say,
  sourceOf,
  withOptions,
} from "./command.ts";
import { addDeviceKeys } from "./keys-device.ts";
import { keyFilesOf } from "./keys-files.ts";
import { keysManual } from "./keys-manual.ts";
import { type AddPart, checked, type Tools } from "./keys-part.ts";
import { describeKey, publicPart } from "./keys-words.ts";
import { withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

/** What is refused because of what was asked for, and not because something failed. */
const refusals = ["api_key_", "device_key_", "keys_file_missing"];

const dayMs = 86_400_000;
const duration = (least: number) =>
  z.coerce
    .number()
    .int()
    .min(least)
    .max(3_650 * dayMs);
const newKey = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "expected up to 100 letters, digits, dots, dashes"),
  stage: z.enum(["test", "live"]),
  scopes: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .pipe(scopes.min(1)),
  mint: z.boolean().default(false),
  expiresInMs: duration(1).optional(),
});

/** `hailstream keys …`: who may post events. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("keys")
    .description("Manages the API keys of apps, and the keys that sign device tokens.");
  const part: AddPart = (name, words, work, parent = group) => {
    const command = parent.command(name).description(words);
    command
      .option("--keys-file <file>", "the file of the API keys; without it, that of the local stack in --data-dir")
      .option("--json", "print the result as one JSON line on standard output")
      .action((...given: unknown[]) => run(command, context, end, (tools) => work(tools, given)));
    return withOptions(command, [localOptions]);
  };

  part("create", "Adds a key for an app and shows it, this once.", async ({ files, wanted, tell }) => {
    const { createKey } = await import("../ingest/identity/keys-file.ts");
    const { expiresInMs, ...key } = checked(newKey, wanted);
    const now = new Date();
    const end = expiresInMs === undefined ? {} : { expires_at: new Date(now.getTime() + expiresInMs).toISOString() };
    const { text, entry } = await createKey(files.forCreating(), { ...key, ...end }, now);
    tell({ ...publicPart(entry, now), key: text }, () => [`id   ${entry.id}`, `key  ${text}`]);
    tell.words("Keep the key: it is not shown again.");
    await warnOfEmptyScopes(entry.scopes, tell);
  })
    .requiredOption("--name <name>", "the app")
    .addOption(
      oneOf(
        "--stage <stage>",
        "test: for developers; live: for apps in the field, whose bad events are kept",
        ["test", "live"],
        "live",
      ),
    )
    .option("--scopes <types>", 'the event types it may post, with commas between: "trip.*,driver.location"', "*")
    .option("--mint", "it may also mint device tokens: for the app's backend")
    .option("--expires-in-ms <n>", "end it after this time [ms]");

  part("list", "Lists the keys with their state.", async ({ files, tell }) => {
    const entries = await files.read();
    const now = new Date();
    tell(
      entries.map((entry) => publicPart(entry, now)),
      () => entries.map((entry) => describeKey(entry, now)),
    );
  });

  part("show <key>", "Shows one key, by its id or the app's name; never its text.", async ({ files, tell }, [key]) => {
    const { findKey } = await import("../ingest/identity/keys-file.ts");
    const now = new Date();
    const entry = findKey(await files.read(), String(key), now.getTime());
    tell(publicPart(entry, now), () => [describeKey(entry, now)]);
  });

  part("rotate <key>", "Adds a second key with the same rights and gives the first an end.", rotate).option(
    "--grace-ms <n>",
    "how long the first key stays valid [ms]",
    String(dayMs),
  );

  part("revoke <key>", "Ends a key at once, and the device tokens that it minted.", async ({ files, tell }, [key]) => {
    const { revokeKey } = await import("../ingest/identity/keys-file.ts");
    const now = new Date();
    const entry = await revokeKey(files.existing(), String(key), now);
    tell(publicPart(entry, now), () => []);
    tell.words(`${entry.id} (${entry.name}) is revoked; every ingest process refuses it within seconds.`);
  });

  addDeviceKeys(group, part);
  withManual(group, keysManual);
};

/** A type may be added later on, so a scope that holds none is told and not refused. */
async function warnOfEmptyScopes(scopes: readonly string[], tell: Tools["tell"]): Promise<void> {
  const { loadCatalogue } = await import("../schemas/index.ts");
  const types = [...loadCatalogue().types.keys()];
  for (const scope of scopes.filter((one) => !types.some(permit([one])))) {
    const hint = didYouMean(scope, types);
    tell.words(`The scope ${scope} holds no event type now.${hint === undefined ? "" : ` Did you mean ${hint}?`}`);
  }
}

async function rotate({ files, wanted, tell }: Tools, [key]: readonly unknown[]): Promise<void> {
  const { rotateKey } = await import("../ingest/identity/keys-file.ts");
  const { graceMs } = checked(z.object({ graceMs: duration(0) }), wanted);
  const now = new Date();
  const { text, entry, old } = await rotateKey(files.existing(), String(key), graceMs, now);
  const result = { ...publicPart(entry, now), key: text, old: publicPart(old, now) };
  tell(result, () => [`id   ${entry.id}`, `key  ${text}`]);
  tell.words(`Keep the key: it is not shown again. The first one, ${old.id}, is valid until ${old.expires_at}.`);
}

async function run(
  command: Command,
  context: CommandContext,
  end: Parameters<AddCommand>[2],
  work: (tools: Tools) => Promise<void>,
): Promise<void> {
  const wanted = command.opts<Record<string, unknown>>();
  const tell = (result: unknown, lines: () => readonly string[]) => {
    if (wanted.json === true) printJson(context, result);
    else for (const line of lines()) context.stdout.write(`${line}\n`);
  };
  try {
    const files = keyFilesOf(wanted, sourceOf(command, context, optionSets));
    await work({ files, wanted, tell: Object.assign(tell, { words: (text: string) => say(context, text) }) });
  } catch (error) {
    const refused = error instanceof PipelineError && refusals.some((beginning) => error.code.startsWith(beginning));
    if (!refused) throw error;
    say(context, `hailstream: ${messageOf(error)}\n  ${error.remedy} [${error.code}]`);
    if (wanted.json === true) printJson(context, { refused: error.code, message: error.message });
    end(exitCodes.refused);
  }
}
