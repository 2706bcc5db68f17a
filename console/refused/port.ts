import type { Group, Item, Kind, Whole } from "./shapes.ts";

/** All that is given must hold; of a list, one of its items. */
export type RefusedFilter = {
  readonly kinds?: readonly Kind[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly schemaIds?: readonly (number | null)[] | undefined;
  readonly consumers?: readonly string[] | undefined;
  readonly topics?: readonly string[] | undefined;
  readonly condition?: "waiting" | "done" | "all" | undefined;
  /** By when an event was refused for the first time. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
};

/** What the stations keep of refused events, as their owners read it; nothing in it is masked. */
export type RefusedPort = {
  /** Of what is kept, the largest first. */
  groups(filter: RefusedFilter): Promise<readonly Group[]>;
  /** The newest first. @param before the id of the last one of the page before. @throws PipelineError …_unknown for an id that is none */
  list(filter: RefusedFilter, limit: number, before?: string): Promise<readonly Item[]>;
  /** @throws PipelineError dlq_letter_unknown, quarantine_entry_unknown */
  find(id: string): Promise<Whole>;
};
