import type { ErrorCode, Logger, Metrics } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Database, StoreOptions } from "../../store/index.ts";
import { groupOf, openSinkAgain, type SinkAgain, storesPlainEvents } from "../connectors/build.ts";
import { knownConnectors } from "../connectors/known.ts";
import type { SinksOptions } from "../options.ts";
import type { WebhookOptions } from "../webhook/index.ts";

/** What the sinks of a redrive are made of. */
export type LetterWorld = {
  readonly options: SinksOptions;
  readonly store: StoreOptions;
  readonly webhook: WebhookOptions;
  /** As whoever may update pipeline.dead_letters. */
  readonly db: Database;
  readonly schemas: Schemas;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** As of a {@link SinkWorld}. */
  readonly dryRun: boolean;
};

/** The sink that letters of one consumer go into, or why none can take them. */
export type LetterSink =
  | (SinkAgain & {
      /** Rows depend on when a record came, so a letter that does not say cannot be judged. */
      readonly needsTime: boolean;
      /** A tombstone may have deleted the key since; nobody can tell, since nothing of it is left. */
      readonly mayBeDeleted: boolean;
    })
  | { readonly refused: ErrorCode };

/** Finds sinks by their consumers, each started once. */
export type FindSink = (consumer: string) => Promise<LetterSink>;

/**
 * The connectors of this program, of the folder of one's own, and those of the API, by their consumer groups. A letter goes into the sink that had refused it, as
 * that is configured now.
 */
export async function createSinkFinder(world: LetterWorld): Promise<FindSink> {
  const configs = await knownConnectors(world);
  const found = new Map<string, Promise<LetterSink>>();
  return (consumer) => {
    const known = found.get(consumer) ?? open(consumer);
    found.set(consumer, known);
    return known;
  };

  async function open(consumer: string): Promise<LetterSink> {
    const config = configs.find((each) => groupOf(each, world) === consumer);
    if (config === undefined) return { refused: "dlq_consumer_unknown" };
    const needsTime = config.kind === "PostgresSink" && !storesPlainEvents(config);
    return { ...(await openSinkAgain(config, world, world.log)), needsTime, mayBeDeleted: config.deletes };
  }
}

/** Whether some connector keeps a row a key from a topic, so that what is written there later counts as newer. */
export async function createUpsertFinder(
  world: Pick<LetterWorld, "options" | "db">,
): Promise<(topic: string) => boolean> {
  const configs = await knownConnectors(world);
  return (topic) => configs.some(({ mode, reads }) => mode === "upsert" && reads(topic));
}
