import type { Command } from "commander";
import { endLeftovers, releaseDataDir, stopSupervisor } from "../local/index.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { stackPlaceFrom } from "./stack-options.ts";

const manual: Manual = {
  examples: ["hailstream down", "hailstream down --data-dir /tmp/trial"],
  json: '{"dataDir","stopped":PID|absent,"leftovers":[name]}',
};

export const add: AddCommand = (program, context) => {
  const sets = optionSets.filter((set) => ["local", "cache"].includes(set.station));
  const command = program
    .command("down")
    .description("Stops the stack of a data directory, and whatever a killed one has left behind. The data stays.")
    .option("--json", "print the result as JSON")
    .action(async (_options: unknown, called: Command) => {
      const { dataDir } = stackPlaceFrom(sourceOf(called, context, optionSets));
      const stopped = await stopSupervisor(dataDir);
      const leftovers = await endLeftovers(dataDir);
      releaseDataDir(dataDir);
      if (called.opts<{ json?: boolean }>().json === true) printJson(context, { dataDir, stopped, leftovers });
      if (stopped !== undefined) say(context, `Stopped the stack in ${dataDir} (process ${stopped}).`);
      if (leftovers.length > 0) say(context, `Ended what an earlier run left behind: ${leftovers.join(", ")}.`);
      if (stopped === undefined && leftovers.length === 0) say(context, `Nothing runs in ${dataDir}.`);
    });
  withOptions(command, sets);
  withManual(command, manual);
};
