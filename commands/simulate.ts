import { createHttpClient, createLanes, createSimulation, doorOptions, simulateOptions } from "../apps/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, logOptions, readOptions, runUntilStopped } from "../runtime/index.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { optionSets } from "./option-sets.ts";
import { doorOf, runningStack } from "./running-stack.ts";

const examples = `
Examples:
  hailstream simulate                                      (20 events a second until Ctrl-C)
  hailstream simulate --drivers 500 --rate 2000 --duration-seconds 60 --json

The summary {"sent","accepted","rejected","retried",…} adds up: sent = accepted + rejected + unanswered.`;

/** `hailstream simulate`: drivers and riders of synthetic cities post events at a steady rate. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("simulate")
    .description("Lets the drivers and riders of synthetic cities post events at a steady rate.")
    .option("--json", "print the summary as one JSON line on standard output")
    .addHelpText("after", examples);
  withOptions(command, [doorOptions, simulateOptions, localOptions, logOptions]).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const door = readOptions(doorOptions, source);
    const options = readOptions(simulateOptions, source);
    const log = createLogger("simulate", readOptions(logOptions, source).level);
    const { url, apiKey } = doorOf(door, runningStack(source));
    const lanes = createLanes({
      client: createHttpClient({ url, apiKey, connections: door.connections, timeoutMs: door.requestTimeoutMs }),
      lanes: door.connections,
      batchSize: door.batchSize,
      random: Math.random,
      log,
    });
    const simulation = createSimulation({ ...options, lanes });
    const done = new AbortController();
    void simulation.finished.then(() => done.abort());
    const began = performance.now();
    const { exitCode } = await runUntilStopped(simulation, log, done.signal);

    const { sent, accepted, rejected, retried } = lanes.tally;
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    const unanswered = sent - accepted - rejected;
    const { skipped } = simulation;
    for (const { type, reason } of lanes.rejections) {
      say(context, `rejected ${type}: ${reason.code} ${reason.pointer ?? ""} ${reason.message ?? ""}`.trimEnd());
    }
    say(
      context,
      `sent ${sent}, accepted ${accepted}, rejected ${rejected}, sent again ${retried}, without an answer ${unanswered}`,
    );
    if (command.opts().json === true) {
      printJson(context, { sent, accepted, rejected, retried, unanswered, skipped, seconds });
    }
    end(exitCode === 0 && rejected === 0 ? exitCodes.ok : exitCodes.failed);
  });
};
