import { mkdirSync, statfsSync } from "node:fs";
import { createService, type Logger, PipelineError, type Service } from "../runtime/index.ts";
import type { Environment } from "./artefacts.ts";
import type { ChildService } from "./child-process.ts";
import { endLeftovers } from "./data-dir.ts";
import { explainByJava } from "./java.ts";
import { createKafka } from "./kafka.ts";
import type { PartContext } from "./part.ts";
import { type Ports, requireFreePort } from "./ports.ts";
import { createPostgres, postgresUrls } from "./postgres.ts";
import { createRegistry, type RegistryStorage, registryUrl } from "./registry.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import { findUnprivileged } from "./unprivileged.ts";

/** Which parts are embedded, and where those are that are not. */
export type EmbeddedParts = {
  /** Absolute. */
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly ports: Ports;
  readonly env: Environment;
  readonly log: Logger;
  /** Parts that the user brings; what is left out is embedded. */
  readonly own?: {
    readonly kafka?: string | undefined;
    readonly registry?: string | undefined;
    readonly postgres?: string | undefined;
    /** Where an embedded registry keeps its schemas when Postgres is the user's. */
    readonly registryStorage?: RegistryStorage | undefined;
  };
  /** Breaks off a start under way. */
  readonly abort?: AbortSignal | undefined;
};

export type StackAddresses = {
  readonly kafka: string;
  readonly registry: string;
  /** As the owner of the database. */
  readonly postgres: string;
  readonly postgresSink?: string;
  readonly postgresAnalyst?: string;
};

export type EmbeddedStack = Service & {
  readonly addresses: StackAddresses;
  readonly secrets: Secrets;
  /** The embedded parts by name, for a status display. */
  readonly children: readonly ChildService[];
  /** Ends every part at once, without waiting. */
  kill(): void;
};

const neededBytes = 512 * 1024 * 1024;

/**
 * Kafka, the schema registry and Postgres as one service. Postgres and then the registry start beside Kafka; they stop all
 * at once, since none needs another to stop.
 * @throws PipelineError of the groups local_* and port_taken
 */
export async function createEmbedded(parts: EmbeddedParts): Promise<EmbeddedStack> {
  const { dataDir, ports, own = {} } = parts;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  requireRoom(dataDir);
  const secrets = loadSecrets(dataDir);
  // When one part cannot start, the others need not come up first.
  const broken = new AbortController();
  const abort = parts.abort === undefined ? broken.signal : AbortSignal.any([broken.signal, parts.abort]);
  const context: PartContext = { ...parts, secrets, abort };
  const kafka = own.kafka === undefined ? createKafka(context) : undefined;
  const postgres = own.postgres === undefined ? createPostgres(context, await findUnprivileged()) : undefined;
  const storage = own.registryStorage ?? {
    jdbcUrl: `jdbc:postgresql://127.0.0.1:${ports.postgres}/apicurio`,
    username: "apicurio",
    password: secrets.postgres.apicurio,
  };
  const registry = own.registry === undefined ? createRegistry(context, storage) : undefined;
  const children = [kafka, postgres, registry].filter((child) => child !== undefined);

  const neededPorts: [string, number][] = [
    ...(kafka === undefined
      ? []
      : ([
          ["Kafka", ports.kafka],
          ["Kafka's controller", ports.kafkaController],
        ] as const)),
    ...(postgres === undefined ? [] : ([["Postgres", ports.postgres]] as const)),
    ...(registry === undefined ? [] : ([["the schema registry", ports.registry]] as const)),
  ].map(([part, port]) => [part, port]);

  const service = createService({
    name: "local stack",
    async start(fail) {
      const ended = await endLeftovers(dataDir);
      if (ended.length > 0) parts.log.warn({ parts: ended }, "ended what an earlier run left behind");
      // All ports before any start: the answer comes at once.
      for (const [part, port] of neededPorts) await requireFreePort(part, port);
      try {
        await Promise.all([
          kafka?.start(fail),
          (async () => {
            await postgres?.start(fail);
            await registry?.start(fail);
          })(),
        ]);
      } catch (error) {
        broken.abort();
        await stopAll(children);
        const ranJava = kafka !== undefined || registry !== undefined;
        throw (ranJava && PipelineError.is(error, "local_start_failed") && (await explainByJava(parts.env))) || error;
      }
    },
    stop: () => stopAll(children),
  });
  const urls = postgresUrls(ports.postgres, secrets.postgres);
  const addresses: StackAddresses = {
    kafka: own.kafka ?? `127.0.0.1:${ports.kafka}`,
    registry: own.registry ?? registryUrl(ports.registry),
    ...(own.postgres === undefined
      ? { postgres: urls.owner, postgresSink: urls.sink, postgresAnalyst: urls.analyst }
      : { postgres: own.postgres }),
  };
  const kill = () => {
    for (const child of children) child.kill();
  };
  return { ...service, addresses, secrets, children, kill };
}

async function stopAll(children: readonly Service[]): Promise<void> {
  await Promise.all(children.map((child) => child.stop()));
}

function requireRoom(dataDir: string): void {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  if (free >= neededBytes) return;
  const message = `Only ${Math.floor(free / 1024 / 1024)} MB are free where the data directory is; 512 MB are needed`;
  throw new PipelineError("local_disk_full", { message, fields: { dataDir } });
}
