#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=262144 node --disable-warning=TimeoutNegativeWarning --max-semi-space-size=16 --max-old-space-size=1024 --initial-old-space-size=96
import { Command, CommanderError } from "commander";
import { type AddCommand, type CommandContext, type ExitCode, exitCodes } from "./commands/command.ts";
import { messageOf, PipelineError } from "./runtime/errors.ts";

/** Each command is loaded only when it is called, so that `--help` answers at once. */
const commands: Readonly<Record<string, () => Promise<{ readonly add: AddCommand }>>> = {
  ingest: () => import("./commands/ingest.ts"),
  stream: () => import("./commands/stream.ts"),
  sinks: () => import("./commands/sinks.ts"),
  lake: () => import("./commands/lake.ts"),
  topics: () => import("./commands/topics.ts"),
  migrate: () => import("./commands/migrate.ts"),
  up: () => import("./commands/up.ts"),
  down: () => import("./commands/down.ts"),
  status: () => import("./commands/status.ts"),
  doctor: () => import("./commands/doctor.ts"),
  schemas: () => import("./commands/schemas.ts"),
  codegen: () => import("./commands/codegen.ts"),
  env: () => import("./commands/env.ts"),
  keys: () => import("./commands/keys.ts"),
  alerts: () => import("./commands/alerts.ts"),
  endpoints: () => import("./commands/endpoints.ts"),
  connectors: () => import("./commands/connectors.ts"),
  quarantine: () => import("./commands/quarantine.ts"),
  dlq: () => import("./commands/dlq.ts"),
  "replay-topic": () => import("./commands/replay-topic.ts"),
  audit: () => import("./commands/audit.ts"),
  console: () => import("./commands/console.ts"),
  trace: () => import("./commands/trace.ts"),
  reprocess: () => import("./commands/reprocess.ts"),
  replay: () => import("./commands/replay.ts"),
  simulate: () => import("./commands/simulate.ts"),
};

async function main(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const program = new Command("hailstream")
    .description(
      "The event pipeline of a ride-hailing company: apps post events, analysts query Postgres, alerts reach webhooks.",
    )
    .showHelpAfterError()
    .exitOverride();
  let exitCode: ExitCode = exitCodes.ok;
  const wanted = argv.find((word) => !word.startsWith("-"));
  const load = wanted === undefined ? undefined : commands[wanted];
  for (const loader of load === undefined ? Object.values(commands) : [load]) {
    (await loader()).add(program, context, (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.refused;
    const remedy = error instanceof PipelineError ? `\n  ${error.remedy} [${error.code}]` : "";
    context.stderr.write(`hailstream: ${messageOf(error)}${remedy}\n`);
    const usage = PipelineError.is(error, "option_invalid") || PipelineError.is(error, "option_unknown");
    return usage ? exitCodes.refused : exitCodes.failed;
  }
}

// A reader that has seen enough (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
const context: CommandContext = { env: process.env, stdout: process.stdout, stderr: process.stderr };
process.exitCode = await main(process.argv.slice(2), context);
