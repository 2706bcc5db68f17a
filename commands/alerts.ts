import { hostname, userInfo } from "node:os";
import { v7 as uuidv7 } from "uuid";
import { kafkaOptions } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import { createLogger, createMetrics, logOptions, messageOf, PipelineError, readOptions } from "../runtime/index.ts";
import { catalogueOptions, schemaOptions } from "../schemas/index.ts";
import { listEndpoints } from "../sinks/webhook/index.ts";
import { createDatabase, type Database, storeOptions } from "../store/index.ts";
import {
  addSilence,
  type CityAt,
  createRules,
  createShelf,
  durationForm,
  durationMs,
  endSilence,
  listAlertStates,
  listSilences,
  loadRuleFile,
  openBook,
  putRule,
  type Rules,
  readRules,
  readStoredRules,
  removeRule,
  ruleJson,
  type Shelf,
  streamOptions,
  type Trial,
  textOf,
} from "../stream/index.ts";
import { attemptRules } from "./alerts-attempt.ts";
import { alertsManual } from "./alerts-manual.ts";
import {
  deadEndpoints,
  describeEntry,
  describeMessage,
  describeRule,
  describeSilence,
  describeState,
  messageJson,
} from "./alerts-words.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, exitCodes, printJson, say, sourceOf, withOptions } from "./command.ts";
import { withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { times } from "./quarantine-words.ts";
import { runningStack, variablesOf } from "./running-stack.ts";

type Wanted = {
  readonly json?: boolean;
  readonly firing?: boolean;
  readonly since?: string;
  readonly rule?: string;
  readonly label?: readonly string[];
  readonly for?: string;
  readonly reason?: string;
  readonly all?: boolean;
};
type Open = {
  readonly wanted: Wanted;
  readonly groupPrefix: string;
  database(): Promise<Database>;
  /** The rules of files, and what is needed to understand the others. */
  readonly shelf: Shelf;
  /** Runs rules over what arrived since then. */
  attempt(load: Load, sinceMs: number): Promise<ReturnType<Trial["end"]>>;
  tell(result: unknown, lines: readonly string[]): void;
  say(line: string): void;
};
type Loaders = { readonly file: (path: string) => Rules; readonly saved: () => Promise<Rules> };
type Load = (load: Loaders) => Rules | Promise<Rules>;

/** `hailstream alerts …`: rules, what they watch, what they would have told, and silences. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("alerts")
    .description("Shows rules and alerts, tries rules on what has arrived, and silences.");

  function part(name: string, words: string, work: (open: Open, given: string) => Promise<void>) {
    const command = group.command(name).description(words);
    command.option("--json", "print the result as one JSON line on standard output");
    const sets = [localOptions, streamOptions, kafkaOptions, schemaOptions, catalogueOptions, storeOptions, logOptions];
    withOptions(command, sets);
    return command.action(async (first: unknown) => {
      const given = sourceOf(command, context, optionSets);
      const stack = runningStack(given);
      // What is not given is the running local stack's.
      const source = { ...given, env: { ...(stack === undefined ? {} : variablesOf(stack)), ...given.env } };
      const log = createLogger("alerts", readOptions(logOptions, source).level);
      const options = readOptions(streamOptions, source);
      const catalogue = catalogueFrom(source);
      const running: { stop(): Promise<void> }[] = [];
      const start = async <S extends { start(fail: (cause: unknown) => void): unknown; stop(): Promise<void> }>(
        one: S,
      ) => {
        running.push(one);
        await one.start(() => undefined);
        return one;
      };
      let opened: Promise<Database> | undefined;
      const database = () => {
        const { url } = readOptions(storeOptions, source);
        opened ??= start(createDatabase({ name: "alerts", url, log, metrics: createMetrics(), max: 1 }));
        return opened;
      };
      const shelfBy = (cityAt: CityAt) =>
        createShelf(readRules(catalogue, cityAt, options.alertsDir), catalogue, cityAt);
      const open: Open = {
        wanted: command.opts<Wanted>(),
        groupPrefix: options.groupPrefix,
        database,
        get shelf() {
          return shelfBy(() => undefined);
        },
        attempt: (load, sinceMs) =>
          attemptRules({
            ...{ source, catalogue, log, sinceMs },
            load: (cityAt) =>
              load({
                file: (path) => loadRuleFile(path, catalogue, cityAt),
                saved: async () => openBook(shelfBy(cityAt), await readStoredRules(await database())).rules,
              }),
          }),
        tell(result, lines) {
          if (command.opts<Wanted>().json === true) printJson(context, result);
          else for (const line of lines) context.stdout.write(`${line}\n`);
        },
        say: (line) => say(context, line),
      };
      try {
        await work(open, typeof first === "string" ? first : "");
      } catch (error) {
        // What the user has to correct, as with a wrong option.
        if (!(error instanceof PipelineError && error.code.startsWith("alert_"))) throw error;
        const { code, remedy } = error;
        say(context, `hailstream: ${messageOf(error)}\n  ${remedy} [${code}]`);
        if (command.opts<Wanted>().json === true) printJson(context, { refused: code, message: messageOf(error) });
        end(exitCodes.refused);
      } finally {
        for (const each of running.reverse()) await each.stop();
      }
    });
  }

  part("list", "Lists the rules, and how what they watch stands.", async (open) => {
    const { shelf } = open;
    const db = await open.database();
    const { entries } = openBook(shelf, await readStoredRules(db));
    const states = await listAlertStates(db, open.groupPrefix);
    const shown = states.filter(({ state }) => open.wanted.firing !== true || !["inactive", "pending"].includes(state));
    const json = entries.map((entry) => {
      const { name: rule, ...rest } = ruleJson(entry);
      return { rule, ...rest, states: shown.filter((state) => state.rule === rule) };
    });
    const dead = deadEndpoints(await listEndpoints(db));
    const lines = [
      ...entries.flatMap((entry) => {
        const standing = shown.filter(({ rule, state }) => rule === entry.name && state !== "inactive");
        const isWanted = standing.length > 0 || open.wanted.firing !== true;
        return isWanted ? [describeEntry(entry), ...standing.map(describeState)] : [];
      }),
      ...(dead.states.length === 0
        ? []
        : [describeRule({ ...dead, name: dead.rule }), ...dead.states.map(describeState)]),
    ];
    open.tell([...json, dead], lines.length === 0 ? ["Nothing fires."] : lines);
  }).option("--firing", "only what fires");

  part(
    "save",
    "Keeps the rule of a file in the database: every process of the stream takes it up.",
    async (open, file) => {
      const { created, ...entry } = await putRule(await open.database(), open.shelf, {
        text: textOf(file),
        by: whoAsks(),
        where: file,
      });
      open.tell({ ...ruleJson(entry), created }, [`${entry.name} is ${created ? "saved" : "changed"}`]);
      open.say("It is at work within some seconds.");
    },
  ).argument("<file>", "a rule");
  part("remove", "Takes away a rule that was saved; what it had told is resolved.", async (open, name) => {
    await removeRule(await open.database(), open.shelf, name, whoAsks());
    open.tell({ removed: name }, [`${name} is removed`]);
  }).argument("<name>", "the rule's name");

  const judged = async (open: Open, load: Load) => {
    const sinceMs = durationOf("--since", open.wanted.since ?? "1h");
    const { messages, heard, unreadable } = await open.attempt(load, sinceMs);
    open.tell({ heard, unreadable, messages: messages.map(messageJson) }, messages.map(describeMessage));
    const opened = messages.filter(({ notification }) => notification === "opened").length;
    const left = unreadable === 0 ? "" : ` ${unreadable} records could not be read.`;
    const said = `${times(opened, "incident")}, ${times(messages.length, "message")}`;
    open.say(`${times(heard, "event")} heard; ${said}.${left}`);
  };
  part("test", "Checks a rule's file and tries it on what has arrived: what it would have told.", (open, file) =>
    judged(open, (load) => load.file(file)),
  )
    .argument("<file>", "a rule, saved or not")
    .option("--since <duration>", "on what arrived since so long ago", "1h");
  part("replay", "Tries the saved rules on what has arrived: what they would have told without silences.", (open) =>
    judged(open, async (load) => {
      const saved = await load.saved();
      const name = open.wanted.rule;
      if (name === undefined) return saved;
      const rule = saved.byName.get(name);
      if (rule === undefined) throw wrong(`--rule ${name}: there are ${[...saved.byName.keys()].join(", ")}`);
      return createRules([rule]);
    }),
  )
    .option("--rule <name>", "this one alone")
    .option("--since <duration>", "on what arrived since so long ago", "1h");

  part("silence", "Tells nobody of some alerts until an end.", async (open) => {
    const { rule, label = [], reason = "" } = open.wanted;
    const pairs = label.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw wrong(`--label ${text}: expected NAME=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)] as const;
    });
    const nowMs = Date.now();
    const silence = {
      id: `sil_${uuidv7()}`,
      matches: { ...(rule === undefined ? {} : { rule }), ...Object.fromEntries(pairs) },
      endsMs: nowMs + durationOf("--for", open.wanted.for ?? ""),
      ...{ reason, madeBy: whoAsks() },
    };
    const db = await open.database();
    if (rule !== undefined && !openBook(open.shelf, await readStoredRules(db)).rules.byName.has(rule))
      open.say(`There is no rule ${rule} here; the silence is made all the same.`);
    await addSilence(db, silence, nowMs);
    open.tell({ id: silence.id, until: new Date(silence.endsMs).toISOString() }, [silence.id]);
  })
    .option("--rule <name>", "alerts of this rule")
    .option("--label <name=value>", "alerts with this label; may be repeated", (one: string, all: string[] = []) => [
      ...all,
      one,
    ])
    .requiredOption("--for <duration>", "how long, such as 2h")
    .requiredOption("--reason <words>", "why; shown to whoever wonders");
  part("silences", "Lists the silences that hold.", async (open) => {
    const silences = await listSilences(await open.database(), open.wanted.all);
    open.tell(silences, silences.map(describeSilence));
  }).option("--all", "also those that ended in the last thirty days");
  part("unsilence", "Ends a silence now.", async (open, id) => {
    await endSilence(await open.database(), id);
    open.tell({ ended: id }, [`${id} has ended`]);
  }).argument("<id>", "the silence's id");
  withManual(group, alertsManual);
};

function whoAsks(): string {
  return `${userInfo().username}@${hostname()}`;
}

function durationOf(flag: string, text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms === 0) throw wrong(`${flag} ${text}: expected ${durationForm}`);
  return ms;
}

function wrong(message: string): PipelineError {
  return new PipelineError("option_invalid", { message });
}
