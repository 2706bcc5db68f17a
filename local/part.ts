import type { Logger } from "../runtime/index.ts";
import type { Environment } from "./artefacts.ts";
import type { Ports } from "./ports.ts";
import type { Secrets } from "./secrets.ts";

/** What every embedded part needs to know. */
export type PartContext = {
  /** Absolute. */
  readonly dataDir: string;
  /** Where setup has put Kafka and the registry. */
  readonly cacheDir: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** The environment that the children inherit. */
  readonly env: Environment;
  readonly log: Logger;
  /** Breaks off a start under way. */
  readonly abort?: AbortSignal | undefined;
};
