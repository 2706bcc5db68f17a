import type { Command } from "commander";
import { examine } from "../local/index.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { optionSets } from "./option-sets.ts";
import { stackPlaceFrom } from "./stack-options.ts";

export const add: AddCommand = (program, context, end) => {
  const sets = optionSets.filter((set) => ["local", "cache"].includes(set.station));
  const command = program
    .command("doctor")
    .description("Check everything that the local stack needs, and tell how to mend what is wrong. Exit code 1 then.")
    .option("--json", "print the checks as JSON")
    .action(async (_options: unknown, called: Command) => {
      const place = stackPlaceFrom(sourceOf(called, context, optionSets));
      const checks = await examine({ ...place, env: context.env });
      const ok = checks.every((check) => check.ok);
      if (called.opts<{ json?: boolean }>().json === true) printJson(context, { ok, checks });
      else {
        for (const check of checks) {
          say(context, `${check.ok ? "ok  " : "FAIL"}  ${check.name}: ${check.found}`);
          if (check.fix !== undefined) say(context, `      ${check.fix}`);
        }
      }
      end(ok ? exitCodes.ok : exitCodes.failed);
    });
  withOptions(command, sets);
};
