import { Command } from "commander";
import type { AddCommand, CommandContext, ExitCode } from "./command.ts";
import { hintAtHelp, type Manual, withManual } from "./manual.ts";

type Load = () => Promise<{ readonly add: AddCommand }>;

/**
 * Every command, by the headings of the help. A file is loaded only when its command is called: help, completion and the refusal of a
 * wrong word come from `outline.json`, which `npm run generate` makes of these files.
 */
export const commandGroups: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  "The stack on this machine:": {
    up: () => import("./up.ts"),
    down: () => import("./down.ts"),
    status: () => import("./status.ts"),
    doctor: () => import("./doctor.ts"),
    env: () => import("./env.ts"),
    completion: () => import("./completion.ts"),
  },
  "Events and their schemas:": {
    schemas: () => import("./schemas.ts"),
    codegen: () => import("./codegen.ts"),
    micro: () => import("./micro.ts"),
    replay: () => import("./replay.ts"),
    simulate: () => import("./simulate.ts"),
  },
  "Where events are, and what went wrong:": {
    trace: () => import("./trace.ts"),
    audit: () => import("./audit.ts"),
    quarantine: () => import("./quarantine.ts"),
    dlq: () => import("./dlq.ts"),
    "replay-topic": () => import("./replay-topic.ts"),
    reprocess: () => import("./reprocess.ts"),
  },
  "Who posts, who is told, what is stored:": {
    keys: () => import("./keys.ts"),
    alerts: () => import("./alerts.ts"),
    endpoints: () => import("./endpoints.ts"),
    connectors: () => import("./connectors.ts"),
  },
  "Services, each a process of its own, and what they need:": {
    ingest: () => import("./ingest.ts"),
    stream: () => import("./stream.ts"),
    sinks: () => import("./sinks.ts"),
    lake: () => import("./lake.ts"),
    console: () => import("./console.ts"),
    topics: () => import("./topics.ts"),
    migrate: () => import("./migrate.ts"),
  },
};

const manual: Manual = {
  examples: [
    "hailstream up                                    # the whole pipeline on this machine, with the traffic of a small city",
    "hailstream schemas example trip.requested        # an event to post",
    "hailstream trace 0198c0de-0000-7000-8000-000000000001  # where one event is and was",
    "hailstream doctor                                # what is missing on this machine, and what to do about it",
  ],
  notes: `hailstream COMMAND --help shows examples and options of one. Exit codes: 0 done, 1 failed, 2 refused (a wrong option, argument or
input). Each option has a variable, too: docs/options.md. With --json, standard output carries JSON and nothing else: docs/commands.md.`,
};

/** The program without its commands. */
export function createProgram(): Command {
  const program = new Command("hailstream")
    .description(
      "The event pipeline of a ride-hailing company: apps post events, analysts query Postgres, alerts reach webhooks.",
    )
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show the help of a command")
    .exitOverride();
  hintAtHelp(program);
  return withManual(program, manual);
}

/** The program with the commands that are named, each with all that it does; without names with every command. */
export async function loadProgram(
  context: CommandContext,
  end: (code: ExitCode) => void,
  wanted: (name: string) => boolean = () => true,
): Promise<Command> {
  const program = createProgram();
  for (const [heading, group] of Object.entries(commandGroups)) {
    program.commandsGroup(heading);
    for (const [name, load] of Object.entries(group)) {
      if (wanted(name)) (await load()).add(program, context, end);
    }
  }
  return program;
}
