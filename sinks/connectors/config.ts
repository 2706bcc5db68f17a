import { didYouMean } from "../../runtime/options.ts";
import { type Chain, readChain } from "../transforms/chain.ts";
import { between, type ConfigKey, type FlatConfig, isPattern, listOf, type Problem, problemOf } from "./keys.ts";

/** What a connector delivers to. `webhook` and `quarantine` say all by themselves; a table may be filled in several ways. */
export const connectorClasses = ["PostgresSink", "QuarantineSink", "WebhookSink"] as const;
export type ConnectorClass = (typeof connectorClasses)[number];

/** A configuration that was found sound. */
export type ConnectorConfig = {
  readonly name: string;
  readonly kind: ConnectorClass;
  readonly flat: FlatConfig;
  /** Whether the connector reads a topic. */
  reads(topic: string): boolean;
  /** The topics that are named one by one; undefined when a pattern chooses them. */
  readonly topics: readonly string[] | undefined;
  readonly tasksMax: number | undefined;
  readonly groupId: string | undefined;
  readonly maxFetchBytes: number | undefined;
  readonly maxPartitionFetchBytes: number | undefined;
  readonly mode: "insert" | "upsert";
  readonly deletes: boolean;
  readonly tableFormat: string | undefined;
  readonly chain: Chain;
};

/** Names that may stand in table.name.format. */
const tableVariables = ["type", "topic", "connector"];

const common: readonly ConfigKey[] = [
  {
    name: "name",
    type: "STRING",
    required: true,
    importance: "HIGH",
    group: "Common",
    doc: "Names the connector, and its progress in pipeline.checkpoints.",
    expected: (text) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text) ? undefined : "up to 100 letters, digits and . _ -",
  },
  {
    name: "connector.class",
    type: "STRING",
    required: true,
    importance: "HIGH",
    group: "Common",
    doc: "PostgresSink fills tables, QuarantineSink loads what was not accepted, WebhookSink posts alerts.",
    oneOf: connectorClasses,
  },
  {
    name: "tasks.max",
    type: "INT",
    importance: "HIGH",
    group: "Common",
    doc: "Partitions that one process stores at the same time; without it as its command line says.",
    expected: between(1, 16),
  },
  {
    name: "topics",
    type: "LIST",
    importance: "HIGH",
    group: "Common",
    doc: "The topics to read, with commas between.",
    expected: (text) => (listOf(text).length > 0 ? undefined : "the name of a topic"),
  },
  {
    name: "topics.regex",
    type: "STRING",
    importance: "HIGH",
    group: "Common",
    doc: "Instead of topics: a pattern that the whole name of a topic with a table fits.",
    expected: isPattern,
  },
  {
    name: "consumer.override.group.id",
    type: "STRING",
    importance: "LOW",
    group: "Consumer",
    doc: "Names the consumer group and the rows in pipeline.checkpoints; hailstream-NAME without it. Another name starts from the beginning.",
    expected: (text) => (text.length <= 200 ? undefined : "at most 200 characters"),
  },
  {
    name: "consumer.override.fetch.max.bytes",
    type: "INT",
    importance: "LOW",
    group: "Consumer",
    doc: "The most that one fetch brings over all partitions.",
    expected: between(65_536, 2 ** 30),
  },
  {
    name: "consumer.override.max.partition.fetch.bytes",
    type: "INT",
    importance: "LOW",
    group: "Consumer",
    doc: "The most that one fetch brings of one partition, so also the size of one transaction.",
    expected: between(65_536, 2 ** 30),
  },
];

const tableKeys: readonly ConfigKey[] = [
  {
    name: "insert.mode",
    type: "STRING",
    default: "insert",
    importance: "HIGH",
    group: "Table",
    doc: "insert: a row for each event. upsert: a row for each record key, that of its last record.",
    oneOf: ["insert", "upsert"],
  },
  {
    name: "delete.enabled",
    type: "BOOLEAN",
    default: "true",
    importance: "MEDIUM",
    group: "Table",
    doc: "Of upsert: whether a tombstone (a record without a value) deletes the row of its key.",
  },
  {
    name: "table.name.format",
    type: "STRING",
    importance: "HIGH",
    group: "Table",
    doc: `Name of the table in the schema events; \${type}, \${topic} and \${connector} stand for those of the record.`,
    expected(text) {
      const strange = [...text.matchAll(/\$\{([^}]*)\}/g)].find(([, name]) => !tableVariables.includes(name ?? ""));
      if (strange !== undefined) return `only ${tableVariables.map((name) => `\${${name}}`).join(", ")} as variables`;
      return text.length <= 63 ? undefined : "at most 63 characters";
    },
  },
  {
    name: "transforms",
    type: "LIST",
    default: "",
    importance: "LOW",
    group: "Transforms",
    doc: "Names of the transforms, in the order in which records go through them.",
  },
  {
    name: "predicates",
    type: "LIST",
    default: "",
    importance: "LOW",
    group: "Transforms",
    doc: "Names of the predicates that transforms refer to.",
  },
];

/** The keys that connectors of a class have, those of their transforms excluded. */
export function keysOf(kind: ConnectorClass): readonly ConfigKey[] {
  return kind === "PostgresSink" ? [...common, ...tableKeys] : common;
}

export type ConfigReading = {
  readonly problems: readonly Problem[];
  /** All keys that were asked for, those of the named transforms included. */
  readonly keys: readonly ConfigKey[];
  /** Only without problems. */
  readonly config?: ConnectorConfig;
};

/** `io.hailstream.PostgresSink` is PostgresSink. */
const classOf = (text: string | undefined): ConnectorClass | undefined =>
  connectorClasses.find((name) => name === text?.split(".").at(-1));

/** Judges a configuration: every problem with its key, what was expected and what was given. Asks nobody. */
export function readConfig(given: FlatConfig): ConfigReading {
  const kind = classOf(given["connector.class"]);
  const flat = kind === undefined ? given : { ...given, "connector.class": kind };
  const chain = readChain(kind === "PostgresSink" ? flat : {});
  const keys = [...keysOf(kind ?? "PostgresSink"), ...chain.keys];
  const problems = keys.flatMap((key) => {
    const isTransforms = chain.keys.includes(key);
    return isTransforms ? [] : (problemOf(key, flat[key.name] ?? key.default) ?? []);
  });
  problems.push(...chain.problems);
  const known = keys.map(({ name }) => name);
  for (const [name, text] of Object.entries(flat)) {
    if (known.includes(name)) continue;
    const meant = didYouMean(name, known);
    const problem = { key: name, expected: "a key that there is", got: JSON.stringify(text) };
    problems.push(meant === undefined ? problem : { ...problem, meant });
  }
  problems.push(...relationsOf(flat, chain.chain));
  if (problems.length > 0 || kind === undefined) return { problems, keys };
  return { problems, keys, config: configOf(flat, kind, chain.chain) };
}

function relationsOf(flat: FlatConfig, chain: Chain): readonly Problem[] {
  const { topics, "topics.regex": pattern, "insert.mode": mode, "table.name.format": format } = flat;
  const problems: Problem[] = [];
  if ((topics === undefined) === (pattern === undefined)) {
    const got = topics === undefined ? "neither" : "both";
    problems.push({ key: "topics", expected: "either topics or topics.regex", got });
  }
  if (mode === "upsert" && chain.routesByField) {
    const expected = "no ExtractTopic in the mode upsert: the table of a key must not depend on its fields";
    problems.push({ key: "transforms", expected, got: JSON.stringify(flat.transforms) });
  }
  const isPlain = chain.isEmpty && mode !== "upsert";
  if (isPlain && format !== undefined && format !== `\${type}`) {
    const expected = `\${type}, or a transform or the mode upsert: plain events go to the tables of their types`;
    problems.push({ key: "table.name.format", expected, got: JSON.stringify(format) });
  }
  return problems;
}

function configOf(flat: FlatConfig, kind: ConnectorClass, chain: Chain): ConnectorConfig {
  const number = (key: string) => (flat[key] === undefined ? undefined : Number(flat[key]));
  const topics = flat.topics === undefined ? undefined : listOf(flat.topics);
  const pattern = new RegExp(`^(?:${flat["topics.regex"] ?? ""})$`, "u");
  const mode = flat["insert.mode"] === "upsert" ? "upsert" : "insert";
  return {
    name: flat.name ?? "",
    kind,
    flat,
    topics,
    reads: (topic) => (topics === undefined ? pattern.test(topic) : topics.includes(topic)),
    tasksMax: number("tasks.max"),
    groupId: flat["consumer.override.group.id"],
    maxFetchBytes: number("consumer.override.fetch.max.bytes"),
    maxPartitionFetchBytes: number("consumer.override.max.partition.fetch.bytes"),
    mode,
    deletes: mode === "upsert" && flat["delete.enabled"]?.toLowerCase() !== "false",
    tableFormat: flat["table.name.format"],
    chain,
  };
}
