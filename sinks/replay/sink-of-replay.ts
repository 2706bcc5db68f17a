import { didYouMean, type Logger, PipelineError } from "../../runtime/index.ts";
import { groupOf, openSinkAgain, type SinkAgain, type SinkWorld, topicsOf } from "../connectors/build.ts";
import type { ConnectorConfig } from "../connectors/config.ts";
import type { SinksOptions } from "../options.ts";
import { storedTables } from "../postgres/event-types.ts";
import type { WebhookOptions } from "../webhook/index.ts";

export type ReplaySink = SinkAgain & {
  readonly consumer: string;
  /** A tombstone may delete rows, so a range that ends before now may bring back what was deleted behind it. */
  readonly deletes: boolean;
  /** The tables of the events, by their types. */
  readonly tables: ReadonlyMap<string, string>;
};

/**
 * The sink of a connector that reads the topic, started.
 * @throws PipelineError connector_unknown, replay_topic_not_read, replay_sink_tells, dry_run_table_missing
 */
export async function openReplaySink(
  configs: readonly ConnectorConfig[],
  name: string,
  topic: string,
  world: SinkWorld & { readonly options: SinksOptions; readonly webhook: WebhookOptions },
  log: Logger,
): Promise<ReplaySink> {
  const config = configs.find((each) => each.name === name);
  if (config === undefined) {
    const names = configs.map((each) => each.name);
    throw new PipelineError("connector_unknown", { message: `There is no connector ${named(name, names)}` });
  }
  // What it stores is told to people, and they have been told.
  if (config.kind === "WebhookSink") throw new PipelineError("replay_sink_tells", { fields: { connector: name } });
  if (!config.reads(topic)) {
    const message = `The connector ${name} does not read ${named(topic, topicsOf(config, world.schemas))}`;
    throw new PipelineError("replay_topic_not_read", { message });
  }
  const tables = storedTables(world.schemas.catalogue.types.values());
  return {
    ...(await openSinkAgain(config, world, log)),
    consumer: groupOf(config, world),
    deletes: config.deletes,
    tables: new Map(tables.map(({ type, tableName }) => [type, tableName])),
  };
}

function named(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known);
  return `${word}; ${near === undefined ? "there are" : `did you mean ${near}? There are`}: ${known.join(", ")}.`;
}
