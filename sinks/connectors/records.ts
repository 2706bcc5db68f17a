import type { Database } from "../../store/index.ts";
import type { FlatConfig } from "./keys.ts";
import type { InitialState } from "./read-file.ts";
import type { TaskReport } from "./task.ts";

/** A row of pipeline.connectors: what is to run. */
export type WantedConnector = {
  readonly name: string;
  /** null: declared in a file. */
  readonly config: FlatConfig | null;
  readonly target_state: InitialState;
  readonly restarts: bigint;
};

/** A row of pipeline.connector_tasks: what a process says. */
export type TaskRow = {
  readonly connector: string;
  readonly worker: string;
  readonly state: string;
  readonly trace: string | null;
  readonly failures: number;
  readonly restarts: bigint;
};

/** A process that was silent for this long is taken for gone. */
const goneAfterSeconds = 15;

/** Makes sure that declared connectors have their rows; a state that was set later stays. */
export async function declareConnectors(
  db: Database,
  declared: readonly { readonly name: string; readonly state: InitialState }[],
): Promise<void> {
  await db.execute(
    `insert into pipeline.connectors as c (name, target_state) select * from unnest($1::text[], $2::text[])
     on conflict (name) do update set config = null where c.config is not null`,
    [declared.map(({ name }) => name), declared.map(({ state }) => state)],
  );
}

export function wantedConnectors(db: Database): Promise<WantedConnector[]> {
  return db.query("select name, config, target_state, restarts from pipeline.connectors order by name");
}

/** @returns false when there is one of the name */
export async function insertConnector(
  db: Database,
  name: string,
  config: FlatConfig,
  state: InitialState,
): Promise<boolean> {
  const sql = "insert into pipeline.connectors (name, config, target_state) values ($1, $2, $3) on conflict do nothing";
  return (await db.execute(sql, [name, JSON.stringify(config), state])) === 1;
}

export async function updateConfig(db: Database, name: string, config: FlatConfig): Promise<void> {
  const sql =
    "update pipeline.connectors set config = $2, changed_at = clock_timestamp() where name = $1 and config is not null";
  await db.execute(sql, [name, JSON.stringify(config)]);
}

export async function deleteConnector(db: Database, name: string): Promise<void> {
  await db.execute("delete from pipeline.connectors where name = $1 and config is not null", [name]);
}

export async function setTargetState(db: Database, name: string, state: InitialState): Promise<void> {
  const sql = "update pipeline.connectors set target_state = $2, changed_at = clock_timestamp() where name = $1";
  await db.execute(sql, [name, state]);
}

export async function askForRestart(db: Database, name: string): Promise<void> {
  await db.execute("update pipeline.connectors set restarts = restarts + 1 where name = $1", [name]);
}

export async function askForTaskRestart(db: Database, name: string, worker: string): Promise<void> {
  const sql = "update pipeline.connector_tasks set restarts = restarts + 1 where connector = $1 and worker = $2";
  await db.execute(sql, [name, worker]);
}

/** The tasks of live processes, in the order of their numbers. */
export function taskRows(db: Database): Promise<TaskRow[]> {
  return db.query(
    `select connector, worker, state, trace, failures, restarts from pipeline.connector_tasks
     where seen_at > clock_timestamp() - make_interval(secs => $1) order by connector, worker collate "C"`,
    [goneAfterSeconds],
  );
}

/** Says what the tasks of `worker` are doing, and forgets its former ones and those of processes that are long gone. */
export async function reportTasks(
  db: Database,
  worker: string,
  tasks: readonly (TaskReport & { readonly connector: string })[],
): Promise<void> {
  const column = <T>(of: (task: TaskReport & { readonly connector: string }) => T) => tasks.map(of);
  await db.execute(
    `with gone as (delete from pipeline.connector_tasks
       where (worker = $1 and connector <> all ($2::text[])) or (worker <> $1 and seen_at < clock_timestamp() - interval '1 day'))
     insert into pipeline.connector_tasks as t (connector, worker, state, trace, failures)
     select connector, $1, state, trace, failures
       from unnest($2::text[], $3::text[], $4::text[], $5::int[]) as u (connector, state, trace, failures)
     on conflict (connector, worker) do update
       set state = excluded.state, trace = excluded.trace, failures = excluded.failures, seen_at = clock_timestamp()`,
    [
      worker,
      column((t) => t.connector),
      column((t) => t.state),
      column((t) => t.trace ?? null),
      column((t) => t.failures),
    ],
  );
}
