import type { Command } from "commander";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { runningStack } from "./running-stack.ts";

const manual: Manual = {
  examples: [
    'hailstream env                       # lines for a shell: eval "$(npx hailstream env)"',
    "hailstream env --json",
  ],
  json: '{"INGEST_URL","API_KEY","DATABASE_URL","OWNER_DATABASE_URL","REGISTRY_URL","KAFKA_BROKERS"}',
  exits: { 1: "no stack is ready in the data directory" },
};

/**
 * The running stack's addresses as shell variables. The names carry no HAILSTREAM_ in front: they are for the user's own commands, and
 * no option reads them.
 */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("env")
    .description("Prints where the running stack is and its API key, as lines for a shell.")
    .option("--json", "print them as JSON")
    .action((_options: unknown, called: Command) => {
      const stack = runningStack(sourceOf(called, context, optionSets));
      if (stack === undefined) {
        say(context, "hailstream: no stack is ready in this data directory; npm start starts one.");
        return end(exitCodes.failed);
      }
      const variables = {
        INGEST_URL: stack.ingest,
        API_KEY: stack.apiKey,
        DATABASE_URL: stack.analyst,
        OWNER_DATABASE_URL: stack.postgres,
        REGISTRY_URL: stack.registry,
        KAFKA_BROKERS: stack.kafka,
      };
      if (called.opts<{ json?: boolean }>().json === true) return printJson(context, variables);
      for (const [name, value] of Object.entries(variables)) context.stdout.write(`export ${name}=${quote(value)}\n`);
    });
  withOptions(
    command,
    optionSets.filter((set) => set.station === "local"),
  );
  withManual(command, manual);
};

/** Text that a POSIX shell takes as it is. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
