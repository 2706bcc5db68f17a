import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { didYouMean, type OptionSource, PipelineError } from "../runtime/index.ts";
import {
  type Catalogue,
  type CompatibilityResult,
  catalogueOptions,
  checkCompatibility,
  type EventType,
  enrichmentName,
  eventsPage,
  exampleOf,
  loadCatalogue,
  release,
  releasesOf,
  schemaFile,
  schemaFolder,
  typesModule,
} from "../schemas/index.ts";
import { catalogueFrom, readFolders } from "./catalogue.ts";
import { type AddCommand, type CommandContext, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { schemasManual } from "./schemas-manual.ts";

type Json = { readonly json?: boolean };

export const add: AddCommand = (program, context, end) => {
  const schemas = program.command("schemas").description("The types of events: list, show, check, generate, release.");
  const json = ["--json", "print JSON on standard output"] as const;
  /** Subcommands that also see the types of --schemas-dir. */
  const sub = (name: string) => withOptions(schemas.command(name).option(...json), [catalogueOptions]);
  const sourceFrom = (called: Command) => sourceOf(called, context, optionSets);

  sub("list")
    .description("Every type with its topic, key and class.")
    .action((options: Json, called: Command) => {
      const types = [...catalogueFrom(sourceFrom(called)).types.values()];
      if (options.json) return printJson(context, types.map(summaryOf));
      const width = Math.max(...types.map((type) => type.name.length));
      const line = (type: EventType) => `${type.name.padEnd(width)}  ${type.topic}, by ${type.keyField}, ${type.class}`;
      print(context, types.map(line).join("\n"));
    });

  sub("show <type>")
    .description("The fields of a type.")
    .action((name: string, options: Json, called: Command) => {
      const type = typeNamed(name, catalogueFrom(sourceFrom(called)));
      const fields = type.enriched?.fields ?? type.fields;
      if (options.json) {
        const versions = releasesOf(type.name, type.folder).map(({ version }) => version);
        return printJson(context, {
          ...summaryOf(type),
          doc: type.doc,
          released: versions,
          fields,
          schema: type.schema,
        });
      }
      const lines = fields.map((field) => {
        const kind = `${field.symbols?.join("|") ?? field.logicalType ?? field.avroType}${field.nullable ? " or null" : ""}`;
        return `  ${field.name} (${kind}${field.hasDefault ? "" : ", required"}): ${field.doc}`;
      });
      const head = [`${type.name}: ${type.doc}`, `topic ${type.topic}, key ${type.keyField}, class ${type.class}`, ""];
      print(context, [...head, ...lines].join("\n"));
    });

  sub("example <type>")
    .description("A valid data object of a type.")
    .action((name: string, options: Json, called: Command) => {
      const example = exampleOf(typeNamed(name, catalogueFrom(sourceFrom(called))));
      if (options.json) printJson(context, example);
      else print(context, JSON.stringify(example, null, 2));
    });

  sub("check")
    .description("Compares every schema with all its released versions, without a registry.")
    .action((options: Json, called: Command) => {
      const results = checkAll(sourceFrom(called));
      const compatible = results.every((result) => result.compatible);
      if (options.json) printJson(context, { compatible, results });
      else sayResults(context, results);
      end(compatible ? exitCodes.ok : exitCodes.failed);
    });

  schemas
    .command("types")
    .description("Writes schemas/types.ts and docs/events.md from the schemas.")
    .option("--verify", "write nothing; fail when a file is stale")
    .option(...json)
    .action((options: Json & { readonly verify?: boolean }) => {
      const catalogue = loadCatalogue();
      const files: readonly (readonly [string, string])[] = [
        [join("schemas", "types.ts"), typesModule(catalogue)],
        [join("docs", "events.md"), eventsPage(catalogue)],
      ];
      const stale = files.filter(([file, text]) => textOf(pathOf(file)) !== text);
      if (!options.verify) for (const [file, text] of stale) writeFileSync(pathOf(file), text);
      const names = stale.map(([file]) => file);
      if (options.json) printJson(context, { stale: names, written: options.verify !== true });
      else
        for (const name of names)
          say(context, options.verify ? `${name} is stale: run hailstream schemas types` : `${name} written`);
      end(options.verify && stale.length > 0 ? exitCodes.failed : exitCodes.ok);
    });

  sub("release [types...]")
    .description("Keeps every changed schema, or those of the types that are named, as its next released version.")
    .action((names: readonly string[], options: Json, called: Command) => {
      const source = sourceFrom(called);
      const catalogue = catalogueFrom(source);
      const chosen = names.map((name) => typeNamed(name, catalogue));
      const broken = checkAll(source).filter((result) => !result.compatible);
      if (broken.length > 0) {
        if (options.json) printJson(context, { released: [], results: broken });
        else sayResults(context, broken);
        return end(exitCodes.refused);
      }
      const types = chosen.length > 0 ? chosen : [...catalogue.types.values()];
      const sources = [
        ...types.map((type) => [type.name, schemaFile(type), type.folder] as const),
        ...(chosen.length > 0 ? [] : [[enrichmentName, schemaFile(enrichmentName), schemaFolder] as const]),
      ];
      const released = sources
        .map(([name, file, folder]) => ({ type: name, ...release(name, readFileSync(file, "utf8"), folder) }))
        .filter(({ isNew }) => isNew)
        .map(({ type, version }) => ({ type, version }));
      if (options.json) printJson(context, { released });
      else
        say(
          context,
          released.length === 0 ? "Nothing changed." : released.map((r) => `${r.type} ${r.version}`).join("\n"),
        );
    });
  withManual(schemas, schemasManual);
};

function summaryOf(type: EventType) {
  const { name, fullName, kind, topic, keyField: key } = type;
  return { name, fullName, kind, topic, key, class: type.class, enrichedTopic: type.enriched?.topic ?? null };
}

function checkAll(source: OptionSource): CompatibilityResult[] {
  const catalogue = catalogueFrom(source);
  return [schemaFolder, ...readFolders(source)].flatMap((folder) => checkCompatibility(catalogue, folder));
}

function typeNamed(name: string, { types }: Catalogue): EventType {
  const type = types.get(name);
  if (type !== undefined) return type;
  const hint = didYouMean(name, [...types.keys()]);
  throw new PipelineError("option_invalid", {
    message: `There is no event type ${name}.${hint === undefined ? " See hailstream schemas list." : ` Did you mean ${hint}?`}`,
  });
}

function sayResults(context: CommandContext, results: readonly CompatibilityResult[]): void {
  for (const { type, version, changes } of results) {
    for (const change of changes) {
      const place = change.field === "" ? "the record" : `the field ${change.field}`;
      const weight = change.breaking ? "BREAKS" : "changes";
      say(
        context,
        `${type}: ${place} ${weight} against version ${version}: was ${change.old}, is ${change.new}; ${change.advice}`,
      );
    }
  }
  const broken = results.filter((result) => !result.compatible).length;
  say(
    context,
    broken === 0
      ? `All schemas read all ${results.length} released versions.`
      : `${broken} released versions cannot be read.`,
  );
}

/** Results are for standard output, also when they are for people. */
function print(context: CommandContext, line: string): void {
  context.stdout.write(`${line}\n`);
}

function pathOf(file: string): string {
  return join(schemaFolder, "..", file);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
