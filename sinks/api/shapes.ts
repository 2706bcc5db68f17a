import { z } from "zod";
import type { ConnectorView } from "../connectors/control.ts";
import type { ConfigKey, Problem } from "../connectors/keys.ts";
import type { PartitionOffset } from "../connectors/offsets.ts";
import { initialStates } from "../connectors/read-file.ts";

/** The JSON of Kafka Connect's REST API, as far as it says something about sinks. Source: its entities and documented examples. */

const version = "1.0";

/** Scalars may come as JSON's own: Connect's clients send text. */
const flatConfig = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
);

export const createBody = z.object({
  name: z.string().min(1),
  config: flatConfig,
  initial_state: z
    .enum(initialStates)
    .nullish()
    .transform((state) => state ?? "RUNNING"),
});
export const configBody = flatConfig;
/** null takes a key away. */
export const configPatchBody = z.record(
  z.string(),
  z
    .union([z.string(), z.number(), z.boolean(), z.null()])
    .transform((value) => (value === null ? null : String(value))),
);
const whole = z.union([z.number().int(), z.string().regex(/^\d{1,18}$/)]);
export const offsetsBody = z.object({
  offsets: z
    .array(
      z.object({
        partition: z.object({ kafka_topic: z.string().min(1), kafka_partition: whole.transform(Number) }),
        offset: z.object({ kafka_offset: whole.transform((value) => BigInt(value)) }).nullable(),
      }),
    )
    .min(1),
});
export const levelBody = z.object({ level: z.string() });

export const connectorInfo = ({ config, tasks }: ConnectorView) => ({
  name: config.name,
  config: config.flat,
  tasks: tasks.map((_, task) => ({ connector: config.name, task })),
  type: "sink",
});

export const taskStatus = (task: ConnectorView["tasks"][number], id: number) => ({
  id,
  state: task.state,
  worker_id: task.worker,
  version,
  ...(task.trace === null ? {} : { trace: task.trace }),
});

export const connectorStatus = ({ config, state, tasks }: ConnectorView, worker: string) => ({
  name: config.name,
  connector: { state, worker_id: tasks[0]?.worker ?? worker, version },
  tasks: tasks.map(taskStatus),
  type: "sink",
});

export const taskInfos = ({ config, tasks }: ConnectorView) =>
  tasks.map((_, task) => ({
    id: { connector: config.name, task },
    config: { ...config.flat, "task.class": config.kind },
  }));

export const connectorOffsets = (offsets: readonly PartitionOffset[]) => ({
  offsets: offsets.map(({ topic, partition, offset }) => ({
    partition: { kafka_topic: topic, kafka_partition: partition },
    offset: { kafka_offset: Number(offset) },
  })),
});

export const pluginInfo = (name: string, type: string) => ({ class: name, type, version });

export const keyInfo = (key: ConfigKey, order: number) => ({
  name: key.name,
  type: key.type,
  required: key.required === true,
  default_value: key.default ?? null,
  importance: key.importance,
  documentation: key.doc,
  group: key.group,
  width: "MEDIUM",
  display_name: key.name,
  dependents: [],
  order,
});

/** What the validation says: every key with its value and what is wrong with it; a key that there is not is told like one. */
export function configInfos(
  name: string,
  given: Readonly<Record<string, string>>,
  keys: readonly ConfigKey[],
  problems: readonly Problem[],
) {
  const strange = problems.filter(({ key }) => !keys.some((each) => each.name === key));
  const all: readonly ConfigKey[] = [
    ...keys,
    ...strange.map(
      ({ key }): ConfigKey => ({ name: key, type: "STRING", importance: "LOW", group: "Common", doc: "" }),
    ),
  ];
  const errorsOf = (key: string) =>
    problems
      .filter((problem) => problem.key === key)
      .map(
        ({ expected, got, meant }) =>
          `expected ${expected}, got ${got}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
      );
  return {
    name,
    error_count: problems.length,
    groups: [...new Set(all.map(({ group }) => group))],
    configs: all.map((key, order) => ({
      definition: keyInfo(key, order),
      value: {
        name: key.name,
        value: given[key.name] ?? key.default ?? null,
        recommended_values: key.oneOf ?? [],
        errors: errorsOf(key.name),
        visible: true,
      },
    })),
  };
}
