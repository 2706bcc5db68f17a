import type { Metric } from "prom-client";
import { createAcknowledgements, createIngest, ingestOptions } from "../ingest/index.ts";
import { connectKafka, createProducer, kafkaOptions } from "../kafka/index.ts";
import { createMetrics, readOptions, silentLogger } from "../runtime/index.ts";
import { createSchemas, schemaOptions } from "../schemas/index.ts";

/** Metrics of the process of `hailstream ingest`, made as that process makes them and never started. */
function ingestMetrics(): readonly Metric[] {
  const log = silentLogger;
  const metrics = createMetrics({ processMetrics: true });
  const schemas = createSchemas({ options: readOptions(schemaOptions, {}), log, metrics });
  const connection = connectKafka(readOptions(kafkaOptions, {}), log);
  const producer = createProducer({ name: "ingest", connection, metrics, log });
  const options = readOptions(ingestOptions, { flags: everythingOn });
  createAcknowledgements({ topics: new Set(), send: async () => undefined, metrics, log });
  createIngest({ options, schemas, producer, metrics, log });
  return metrics.registry.getMetricsAsArray() as unknown as Metric[];
}

/** Some metrics are there only when their part is on. */
const everythingOn = { "ingest-api-keys-file": "keys.json", "ingest-data-dir": "data", "ingest-spool": "true" };

type Described = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
};

/** The reference page of the metrics of ingest: every one, with its type, unit, labels and meaning. */
export function metricsPage(): string {
  const all = ingestMetrics() as unknown as readonly Described[];
  const ours = all.filter(({ name }) => name.startsWith("hailstream_"));
  const row = ({ name, type, labelNames, help }: Described) =>
    `| \`${name}\` | ${type} | ${unitOf(name)} | ${labelNames.map((label) => `\`${label}\``).join(", ")} | ${help.replaceAll("|", "\\|")} |`;
  const table = (some: readonly Described[]) =>
    ["| Name | Type | Unit | Labels | Meaning |", "|---|---|---|---|---|", ...some.map(row), ""].join("\n");
  return [
    "# Metrics of ingest",
    "",
    "Generated from what the process registers. `GET /metrics` answers in Prometheus's text format; with `--ingest-processes` above 1",
    "the numbers of all processes are added up. Labels are bounded: event types are those of the catalogue or `unknown`, codes are those of",
    "[errors.md](errors.md). A histogram `x` has the series `x_bucket`, `x_sum` and `x_count`.",
    "",
    "## hailstream",
    "",
    table(ours),
    "## Process",
    "",
    "Those that `prom-client` gives of every Node.js process.",
    `On Linux also ${onlyOnLinux.map((name) => `\`${name}\``).join(", ")}.`,
    "",
    table(all.filter((metric) => !ours.includes(metric) && !onlyOnLinux.includes(metric.name))),
  ].join("\n");
}

/** The page must be the same wherever it is generated. */
const onlyOnLinux = ["process_virtual_memory_bytes", "process_heap_bytes", "process_open_fds", "process_max_fds"];

const units = ["seconds", "bytes", "requests", "ids", "events", "ratio"] as const;

/** The unit stands at the end of the name, before `_total`. */
function unitOf(name: string): string {
  const words = name.replace(/_total$/, "").split("_");
  return units.find((unit) => unit === words.at(-1)) ?? (name.endsWith("_total") ? (words.at(-1) ?? "") : "");
}
