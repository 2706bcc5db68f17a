import type { Command } from "commander";
import { answers, markedParts, readReadyLine, supervisorOf } from "../local/index.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { stackPlaceFrom } from "./stack-options.ts";

const manual: Manual = {
  examples: ["hailstream status", "hailstream status --json"],
  json: '{"dataDir","state":"ready"|"not ready"|"starting"|"stopped","pid":PID|absent,"parts":[{"name","pid":PID|absent}],"ingest":URL|absent,"registry":URL|absent,"kafka":"host:port"|absent}',
  exits: { 0: "it is ready", 1: "it is not" },
};

export const add: AddCommand = (program, context, end) => {
  const sets = optionSets.filter((set) => ["local", "cache"].includes(set.station));
  const command = program
    .command("status")
    .description("Tells whether the stack of a data directory runs, and each of its parts.")
    .option("--json", "print the state as JSON")
    .action(async (_options: unknown, called: Command) => {
      const { dataDir } = stackPlaceFrom(sourceOf(called, context, optionSets));
      const pid = supervisorOf(dataDir);
      const line = pid === undefined ? undefined : readReadyLine(dataDir);
      const accepting = line !== undefined && (await answers(`${line.ingest}/ready`));
      const parts = markedParts(dataDir);
      const state = pid === undefined ? "stopped" : line === undefined ? "starting" : accepting ? "ready" : "not ready";
      if (called.opts<{ json?: boolean }>().json === true) {
        // Without the passwords: a status is often pasted somewhere.
        const ready =
          line === undefined ? undefined : { ingest: line.ingest, registry: line.registry, kafka: line.kafka };
        printJson(context, { dataDir, state, pid, parts, ...ready });
      } else {
        say(context, `${state}${pid === undefined ? "" : ` (process ${pid})`}  ${dataDir}`);
        for (const part of parts) {
          say(context, `  ${part.name.padEnd(16)} ${part.pid === undefined ? "does not run" : `process ${part.pid}`}`);
        }
        if (pid === undefined && parts.some((part) => part.pid !== undefined)) {
          say(
            context,
            "  The program that ran them was killed. hailstream up takes their place, hailstream down ends them.",
          );
        }
        if (line !== undefined) say(context, `  events go to ${line.ingest}/v1/events`);
      }
      end(state === "ready" ? exitCodes.ok : exitCodes.failed);
    });
  withOptions(command, sets);
  withManual(command, manual);
};
