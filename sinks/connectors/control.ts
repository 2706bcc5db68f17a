import { setTimeout as delay } from "node:timers/promises";
import { PipelineError } from "../../runtime/index.ts";
import { type ConnectorWorld, groupOf, topicsOf } from "./build.ts";
import { type ConnectorConfig, readConfig } from "./config.ts";
import type { Connectors } from "./connectors.ts";
import { describeProblem, type FlatConfig } from "./keys.ts";
import type { DeclaredConnector } from "./load-files.ts";
import { moveOffsets, type PartitionOffset, readOffsets } from "./offsets.ts";
import type { InitialState } from "./read-file.ts";
import {
  askForRestart,
  askForTaskRestart,
  deleteConnector,
  insertConnector,
  setTargetState,
  type TaskRow,
  taskRows,
  updateConfig,
  type WantedConnector,
  wantedConnectors,
} from "./records.ts";

/** A connector as the API shows it. */
export type ConnectorView = {
  readonly config: ConnectorConfig;
  readonly state: InitialState;
  /** In the order of their numbers. */
  readonly tasks: readonly TaskRow[];
};

export type ConnectorControl = {
  list(): Promise<readonly ConnectorView[]>;
  /** @throws PipelineError connector_unknown */
  get(name: string): Promise<ConnectorView>;
  /** @throws PipelineError connector_invalid, connector_exists */
  create(name: string, config: FlatConfig, state: InitialState): Promise<ConnectorView>;
  /** Makes or changes it, and says which. @throws PipelineError connector_invalid, connector_in_file */
  put(name: string, config: FlatConfig): Promise<ConnectorView & { readonly created: boolean }>;
  /** Its progress stays in pipeline.checkpoints, as Kafka Connect leaves the group's offsets. @throws PipelineError connector_unknown, connector_in_file */
  remove(name: string): Promise<void>;
  setState(name: string, state: InitialState): Promise<void>;
  restart(name: string, onlyFailed: boolean): Promise<void>;
  restartTask(name: string, task: number): Promise<void>;
  topics(name: string): Promise<readonly string[]>;
  offsets(name: string): Promise<readonly PartitionOffset[]>;
  /** An offset of null: from the beginning. @throws PipelineError connector_not_stopped, connector_busy, connector_offset_invalid */
  setOffsets(
    name: string,
    wanted: readonly { topic: string; partition: number; offset: bigint | null }[],
  ): Promise<void>;
  resetOffsets(name: string): Promise<void>;
};

const patienceMs = 5_000;

/** What may be asked of the connectors, whichever process is asked: what is wanted lies in the database. */
export function createControl(
  world: ConnectorWorld,
  declared: readonly DeclaredConnector[],
  connectors: Pick<Connectors, "reconcile">,
): ConnectorControl {
  const { db, connection, schemas } = world;
  const files = new Map(declared.map(({ config }) => [config.name, config]));

  const control: ConnectorControl = {
    async list() {
      const [wanted, tasks] = await Promise.all([wantedConnectors(db), taskRows(db)]);
      return wanted.flatMap((row) => viewOf(row, tasks) ?? []);
    },
    async get(name) {
      const view = (await control.list()).find(({ config }) => config.name === name);
      if (view === undefined) throw new PipelineError("connector_unknown", { fields: { connector: name } });
      return view;
    },
    async create(name, config, state) {
      const { flat } = sound({ ...config, name: config.name ?? name });
      if (files.has(name) || !(await insertConnector(db, name, flat, state))) {
        throw new PipelineError("connector_exists", { fields: { connector: name } });
      }
      await settle();
      return control.get(name);
    },
    async put(name, config) {
      refuseFile(name);
      const { flat } = sound({ ...config, name: config.name ?? name });
      const created = await insertConnector(db, name, flat, "RUNNING");
      if (!created) await updateConfig(db, name, flat);
      await settle();
      return { ...(await control.get(name)), created };
    },
    async remove(name) {
      await control.get(name);
      refuseFile(name);
      await deleteConnector(db, name);
      await settle();
    },
    async setState(name, state) {
      await control.get(name);
      await setTargetState(db, name, state);
      await settle();
    },
    async restart(name, onlyFailed) {
      const { tasks } = await control.get(name);
      if (!onlyFailed) await askForRestart(db, name);
      else {
        for (const { state, worker } of tasks) if (state === "FAILED") await askForTaskRestart(db, name, worker);
      }
      await settle();
    },
    async restartTask(name, number) {
      const { tasks } = await control.get(name);
      const task = tasks[number];
      if (task === undefined)
        throw new PipelineError("connector_task_unknown", { fields: { connector: name, task: number } });
      await askForTaskRestart(db, name, task.worker);
      await settle();
    },
    topics: async (name) => topicsOf((await control.get(name)).config, schemas),
    offsets: async (name) => readOffsets(db, groupOf((await control.get(name)).config, world)),
    async setOffsets(name, wanted) {
      const config = await stopped(name);
      const topics = topicsOf(config, schemas);
      const strange = wanted.find(({ topic }) => !topics.includes(topic));
      if (strange !== undefined) {
        throw new PipelineError("connector_offset_invalid", { fields: { connector: name, topic: strange.topic } });
      }
      const moves = wanted.map((each) => ({ ...each, offset: each.offset ?? 0n }));
      await moveOffsets(db, connection, groupOf(config, world), moves);
    },
    async resetOffsets(name) {
      const config = await stopped(name);
      const group = groupOf(config, world);
      const present = await readOffsets(db, group);
      if (present.length > 0)
        await moveOffsets(
          db,
          connection,
          group,
          present.map((each) => ({ ...each, offset: 0n })),
        );
    },
  };
  return control;

  /** Waits until this process has done it, but not for ever: the wish is written down. */
  async function settle(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([
      connectors.reconcile(),
      delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]).finally(() => patience.abort());
  }

  function viewOf(row: WantedConnector, tasks: readonly TaskRow[]): ConnectorView | undefined {
    const config = row.config === null ? files.get(row.name) : readConfig(row.config).config;
    if (config === undefined) return undefined;
    return { config, state: row.target_state, tasks: tasks.filter(({ connector }) => connector === row.name) };
  }

  function sound(flat: FlatConfig): ConnectorConfig {
    const { config, problems } = readConfig(flat);
    if (config !== undefined) return config;
    const said = problems.map(describeProblem).join("\n");
    const count = `${problems.length} error${problems.length === 1 ? "" : "s"}`;
    throw new PipelineError("connector_invalid", {
      message: `Connector configuration is invalid and contains the following ${count}:\n${said}`,
    });
  }

  function refuseFile(name: string): void {
    if (files.has(name)) throw new PipelineError("connector_in_file", { fields: { connector: name } });
  }

  async function stopped(name: string): Promise<ConnectorConfig> {
    const { config, state, tasks } = await control.get(name);
    if (state !== "STOPPED") throw new PipelineError("connector_not_stopped", { fields: { connector: name, state } });
    if (tasks.length > 0)
      throw new PipelineError("connector_busy", { fields: { connector: name, tasks: tasks.length } });
    return config;
  }
}
