import { createService, type Logger, type Service } from "../../runtime/index.ts";
import { buildConnector, type ConnectorWorld } from "./build.ts";
import { type ConnectorConfig, readConfig } from "./config.ts";
import { describeProblem } from "./keys.ts";
import type { DeclaredConnector } from "./load-files.ts";
import type { Loggers } from "./loggers.ts";
import {
  declareConnectors,
  reportTasks,
  type TaskRow,
  taskRows,
  type WantedConnector,
  wantedConnectors,
} from "./records.ts";
import { createTask, type Task } from "./task.ts";

export type ConnectorsParts = {
  readonly world: ConnectorWorld;
  readonly declared: readonly DeclaredConnector[];
  readonly loggers: Loggers;
  readonly log: Logger;
  /** Names this process among the others; asked once it runs. */
  worker(): string;
  /** How often it looks for what is wanted. */
  readonly pollMs?: number;
};

export type Connectors = Service & {
  /** Looks now for what is wanted and resolves when this process is like that. */
  reconcile(): Promise<void>;
  /** The tasks of this process that do not run though they should, and why. */
  failed(): Readonly<Record<string, string>>;
};

/** How often a process says that its tasks are alive, besides at each change. */
const reportMs = 3_000;

/** A paused connector has a task that does nothing. */
const pausedTask: Task = {
  report: { state: "PAUSED", trace: undefined, failures: 0 },
  firstError: undefined,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

/** A connector in this process: what it was started as, and its task while there is one. */
type Held = { readonly signature: string; readonly task: Task | undefined };

/**
 * Keeps the connectors of this process as `pipeline.connectors` wants them: every process looks there each second, so what is asked of one holds
 * for all. Those from files must be able to start, or the process does not; after that, and for those made over the API, a failure is a state that heals or
 * is repaired, and concerns no other connector.
 */
export function createConnectors(parts: ConnectorsParts): Connectors {
  const { world, log, pollMs = 1_000 } = parts;
  const { db } = world;
  const declared = new Map(parts.declared.map((each) => [each.config.name, each.config]));
  const held = new Map<string, Held>();
  /** Changes of one connector, one after the other; those of others go on meanwhile. */
  const turns = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let reporting: Promise<void> = Promise.resolve();
  let reportedAt = Number.NEGATIVE_INFINITY;

  return Object.assign(
    createService({
      name: "connectors",
      async start() {
        const rows = parts.declared.map(({ config, initialState }) => ({ name: config.name, state: initialState }));
        await declareConnectors(db, rows);
        await bringAll({ waits: true });
        // A file that cannot be started is told at once, to whoever has started the process, and by its own error.
        const broken = [...held].find(([name, { task }]) => declared.has(name) && task?.report.state === "FAILED");
        if (broken !== undefined) throw broken[1].task?.firstError;
        look();
      },
      async stop() {
        stopping = true;
        clearTimeout(timer);
        await Promise.all(turns.values());
        await Promise.all([...held.values()].map(({ task }) => task?.stop()));
        held.clear();
        await report();
      },
    }),
    { reconcile: () => bringAll({ waits: true }), failed },
  );

  function look(): void {
    if (stopping) return;
    timer = setTimeout(() => {
      bringAll({ waits: false })
        // The database is away: what runs goes on, and what is wanted is asked again.
        .catch((error: unknown) => log.debug({ err: error }, "cannot ask which connectors are wanted"))
        .finally(look);
    }, pollMs);
  }

  /** A connector that takes long to start or stop must not keep the others waiting, so only who has asked for a change waits. */
  async function bringAll({ waits }: { readonly waits: boolean }): Promise<void> {
    const [wanted, tasks] = await Promise.all([wantedConnectors(db), taskRows(db)]);
    const byName = new Map(wanted.map((row) => [row.name, row]));
    const names = [...new Set([...byName.keys(), ...held.keys()])].filter((name) => waits || !turns.has(name));
    const changed = names.filter((name) => signatureOf(byName.get(name), tasks) !== held.get(name)?.signature);
    const turned = changed.map((name) => inTurn(name, () => bring(name)));
    const all = Promise.all(turned);
    if (waits) await all;
    else all.catch((error: unknown) => log.debug({ err: error }, "a connector is not as it is wanted"));
    if (performance.now() - reportedAt > reportMs) await report();
  }

  function inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work);
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (turns.get(name) === settled) turns.delete(name);
      });
    turns.set(name, settled);
    return turn;
  }

  async function bring(name: string): Promise<void> {
    if (stopping) return;
    // Asked again in its turn: what another turn has done meanwhile must not be undone by what was read before.
    const [wanted, tasks] = await Promise.all([wantedConnectors(db), taskRows(db)]);
    const row = wanted.find((each) => each.name === name);
    const signature = signatureOf(row, tasks);
    const present = held.get(name);
    if (present?.signature === signature) return;
    await present?.task?.stop();
    held.delete(name);
    const config = row === undefined ? undefined : configOf(row);
    if (config !== undefined && row !== undefined && signature !== undefined) {
      const kinds = { RUNNING: () => taskOf(config), PAUSED: () => pausedTask, STOPPED: () => undefined };
      const task = kinds[row.target_state]();
      held.set(name, { signature, task });
      await task?.start();
    }
    await report();
  }

  /** Another one means that the task has to be made anew: the configuration, the state, or a restart that was asked for. */
  function signatureOf(row: WantedConnector | undefined, tasks: readonly TaskRow[]): string | undefined {
    const config = row === undefined ? undefined : configOf(row);
    if (config === undefined || row === undefined) return undefined;
    const own = tasks.find(({ connector, worker }) => connector === row.name && worker === parts.worker());
    return JSON.stringify([config.flat, row.target_state, String(row.restarts), String(own?.restarts ?? 0)]);
  }

  function configOf(row: WantedConnector): ConnectorConfig | undefined {
    if (row.config === null) return declared.get(row.name);
    const { config, problems } = readConfig(row.config);
    if (config === undefined) {
      // Written by another version of the program: it is for that one to run.
      log.debug(
        { connector: row.name, problems: problems.map(describeProblem) },
        "a connector is not for this version",
      );
    }
    return config;
  }

  function taskOf(config: ConnectorConfig): Task {
    const { name } = config;
    const own = parts.loggers.of(name);
    return createTask({
      name,
      build: () => buildConnector(config, world, own),
      log: own,
      onChange: () => void report(),
    });
  }

  /** One report behind the other, so that an older one never comes last. */
  function report(): Promise<void> {
    reporting = reporting
      .then(() => {
        const rows = [...held].flatMap(([connector, { task }]) =>
          task === undefined ? [] : [{ connector, ...task.report }],
        );
        reportedAt = performance.now();
        return reportTasks(db, parts.worker(), rows);
      })
      .catch((error: unknown) => log.debug({ err: error }, "cannot tell what the connectors are doing"));
    return reporting;
  }

  function failed(): Readonly<Record<string, string>> {
    const broken = [...held].filter(
      ([, { task }]) => task !== undefined && ["FAILED", "RESTARTING"].includes(task.report.state),
    );
    return Object.fromEntries(
      broken.map(([name, { task }]) => [`connector ${name}`, (task?.report.trace ?? "").split("\n")[0] ?? ""]),
    );
  }
}
