import { createLogger, logOptions, readOptions } from "../runtime/index.ts";
import { catalogueOptions } from "../schemas/index.ts";
import { prepareDatabase } from "../sinks/index.ts";
import { storeOptions } from "../store/index.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";

const manual: Manual = {
  examples: ["hailstream migrate --postgres-url postgres://owner:…@db/events"],
  json: '{"migrated":true,"tables":n}',
};

/** `hailstream migrate`: what the owner of a database runs before the services of a new version start. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("migrate")
    .description("Brings the database to this version: runs migrations, makes and extends the event tables.")
    .option("--json", "print one JSON line on standard output when done");
  withOptions(command, [storeOptions, catalogueOptions, logOptions]).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const log = createLogger("migrate", readOptions(logOptions, source).level);
    const catalogue = catalogueFrom(source);
    const { url, keepDays } = readOptions(storeOptions, source);
    await prepareDatabase(url, catalogue, log, keepDays);
    if (command.opts().json === true) printJson(context, { migrated: true, tables: catalogue.types.size });
    else say(context, `The database is up to date, with ${catalogue.types.size} event tables.`);
    end(exitCodes.ok);
  });
  withManual(command, manual);
};
