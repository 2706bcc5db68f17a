import type { Command } from "commander";
import { examine } from "../local/index.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { stackPlaceFrom } from "./stack-options.ts";

const manual: Manual = {
  examples: ["hailstream doctor", "hailstream doctor --port-base 20000  # would those ports do?"],
  json: '{"ok","checks":[{"name","ok","found","fix":what to do|absent}]}',
  exits: { 0: "nothing is wrong", 1: "something is, and each finding says how to mend it" },
};

export const add: AddCommand = (program, context, end) => {
  const sets = optionSets.filter((set) => ["local", "cache"].includes(set.station));
  const command = program
    .command("doctor")
    .description("Checks everything that the local stack needs, and tells how to mend what is wrong.")
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
  withManual(command, manual);
};
