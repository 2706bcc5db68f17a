import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localStreamVariables } from "../../commands/local-stream.ts";
import { localWebhookVariables } from "../../commands/local-webhooks.ts";
import { prepareCarriers } from "../../commands/up-stations.ts";
import {
  apiKeysFile,
  type ChildService,
  cacheDirFrom,
  createEmbedded,
  createStation,
  findFreePortBase,
  loadSecrets,
  portsFrom,
} from "../../local/index.ts";
import { createClusterId, createKafka } from "../../local/kafka.ts";
import { createLogger, type Logger } from "../../runtime/index.ts";
import { type PostgresProxy, startPostgresProxy } from "../support/postgres-proxy.ts";
import { type Clock, createClock } from "./clock.ts";
import { type Link, openLink } from "./link.ts";
import { brokers, type Process, services, spoolingDoor } from "./plan.ts";
import { openSmallDisk, type SmallDisk } from "./small-disk.ts";

/** Three brokers, registry, Postgres, and two of each of our services, with an ill network between them at will. */
export type Cluster = {
  readonly dataDir: string;
  /** Processes by the names that plans use; each is started again when it ends. */
  readonly processes: ReadonlyMap<Process, ChildService>;
  /** What clients of a broker, of Postgres and of the registry go through. */
  readonly links: ReadonlyMap<Process, Link>;
  /** Behind the link: holds transactions at a point. */
  readonly postgresProxy: PostgresProxy;
  /** The wall clocks of our services. */
  readonly clocks: ReadonlyMap<Process, Clock>;
  /** The disks of their own that were asked for, and permitted. */
  readonly disks: ReadonlyMap<Process, SmallDisk>;
  /** host:port of the brokers, through their links. */
  readonly kafka: string;
  /** Straight to Postgres, as its owner and as its superuser. */
  readonly postgres: string;
  readonly superuser: string;
  /** The addresses of the two front doors. */
  readonly doors: readonly string[];
  readonly apiKey: string;
  readonly log: Logger;
  /** Ends all processes at once and removes their data. Safe at any moment, and twice. */
  end(options?: { readonly keepData?: boolean }): Promise<void>;
};

/** No run needs as much. */
const diskBytes = 3 * 1024 ** 3;

/**
 * @param abort breaks a start off; the cluster is ended then.
 * @param ownDisks whose data is to lie on a small disk of its own
 */
export async function startCluster(abort: AbortSignal, ownDisks: ReadonlySet<Process> = new Set()): Promise<Cluster> {
  const dataDir = mkdtempSync(join(tmpdir(), "hailstream-faults-"));
  mkdirSync(join(dataDir, "logs"));
  // The harness's own clients, beside the logs of the processes.
  const log = createLogger("faults", "debug", createWriteStream(join(dataDir, "logs", "faults.log")));
  const env = withoutOptions(process.env);
  const cacheDir = cacheDirFrom(process.env);
  const processes = new Map<Process, ChildService>();
  const links = new Map<Process, Link>();
  const clocks = new Map<Process, Clock>();
  const disks = new Map<Process, SmallDisk>();
  let postgresProxy: PostgresProxy | undefined;
  const kill = () => {
    for (const child of processes.values()) child.kill();
  };
  process.once("exit", kill);
  let ended: Promise<void> | undefined;
  const end = ({ keepData = false } = {}) => {
    ended ??= (async () => {
      kill();
      await Promise.all([...processes.values()].map((child) => child.stop()));
      await Promise.all([...links.values(), postgresProxy].map((each) => each?.stop()));
      await Promise.all([...disks.values()].map((disk) => disk.close(keepData)));
      process.off("exit", kill);
      if (!keepData) rmSync(dataDir, { recursive: true, force: true });
    })();
    return ended;
  };

  try {
    const bases = await distinctBases(5);
    const ports = portsFrom(bases[0]);
    const own = { dataDir, cacheDir, ports, env, log, abort };
    const storesDir = join(dataDir, "stores");
    const diskOf = async (name: Process, path: string) => {
      const disk = ownDisks.has(name) ? await openSmallDisk(path, diskBytes) : undefined;
      if (disk !== undefined) disks.set(name, disk);
      mkdirSync(path, { recursive: true });
      return path;
    };
    await diskOf("postgres", storesDir);
    for (const name of brokers) await diskOf(name, join(dataDir, name));
    // What the harness itself writes has room at any moment.
    mkdirSync(join(dataDir, "run"));
    for (const name of ["logs", "run"]) {
      symlinkSync(join("..", name), join(storesDir, name));
    }
    const secrets = loadSecrets(storesDir);
    const embedded = await createEmbedded({ ...own, dataDir: storesDir, own: { kafka: "none" } });
    for (const child of embedded.children) processes.set(child.name === "Postgres" ? "postgres" : "registry", child);
    const clusterId = createClusterId();
    const clusterPorts = bases.slice(1, 4).map((base) => portsFrom(base));
    for (const [index, name] of brokers.entries()) {
      const { ingest: internalPort, kafka: port } = clusterPorts[index] as typeof ports;
      const link = await openLink(port);
      links.set(name, link);
      const controllerPorts = clusterPorts.map((each) => each.kafkaController);
      const node = { id: index + 1, clusterId, controllerPorts, internalPort, port, advertisedPort: link.port };
      processes.set(name, createKafka({ ...own, secrets }, node));
    }
    const toPostgres = await startPostgresProxy(`postgres://127.0.0.1:${ports.postgres}`);
    postgresProxy = toPostgres;
    links.set("postgres", await openLink(Number(new URL(toPostgres.through("postgres://x:1")).port)));
    links.set("registry", await openLink(ports.registry));
    const portOf = (name: Process) => links.get(name)?.port ?? 0;

    const { postgres, postgresSink = "", postgresAnalyst = "", registry } = embedded.addresses;
    const kafka = brokers.map((name) => `127.0.0.1:${portOf(name)}`).join(",");
    const shared = {
      ...{ ...env, ...localStreamVariables, ...localWebhookVariables },
      HAILSTREAM_LOG_LEVEL: "info",
      HAILSTREAM_KAFKA_BROKERS: kafka,
      HAILSTREAM_KAFKA_REPLICATION_FACTOR: "3",
      HAILSTREAM_REGISTRY_URL: through(registry, portOf("registry")),
      HAILSTREAM_POSTGRES_URL: through(postgres, portOf("postgres")),
      HAILSTREAM_POSTGRES_SINK_URL: through(postgresSink, portOf("postgres")),
      HAILSTREAM_POSTGRES_ANALYST_URL: through(postgresAnalyst, portOf("postgres")),
    };
    const stationPorts = portsFrom(bases[4]);
    const free = [...Object.values(stationPorts)];
    const doors: string[] = [];
    for (const name of services) {
      const port = free.shift() ?? 0;
      if (name.startsWith("ingest")) doors.push(`http://127.0.0.1:${port}`);
      const home = join(dataDir, name);
      mkdirSync(home);
      const clock = createClock(join(home, "clock"), env.NODE_OPTIONS);
      clocks.set(name, clock);
      await diskOf(name, join(home, "data"));
      const variables = {
        ...{
          ...shared,
          ...clock.variables,
          ...ownOf(name, port, home),
          HAILSTREAM_REGISTRY_CACHE_DIR: join(home, "schemas"),
        },
        ...(name.startsWith("ingest") ? { HAILSTREAM_INGEST_API_KEYS_FILE: apiKeysFile(storesDir) } : {}),
      };
      processes.set(name, createStation({ ...own, command: commandOf(name), name, env: variables, port }));
    }

    const fail = (cause: unknown) => log.error({ err: cause }, "a process could not be started again");
    const start = (names: readonly Process[]) =>
      Promise.all(names.map((name) => processes.get(name)?.start(fail) ?? Promise.resolve()));
    await Promise.all([start(brokers), start(["postgres"]).then(() => start(["registry"]))]);
    await prepareCarriers({ ...shared, HAILSTREAM_REGISTRY_CACHE_DIR: join(dataDir, "schemas") }, log);
    await start(services);
    return {
      ...{ dataDir, processes, links, clocks, disks, postgresProxy: toPostgres, kafka, postgres, doors, log, end },
      superuser: postgres.replace(/\/\/[^@]*@/, `//postgres:${secrets.postgres.superuser}@`),
      apiKey: secrets.apiKey,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The harness's own variables are no business of the services. */
function withoutOptions(env: NodeJS.ProcessEnv): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("HAILSTREAM_")));
}

const commandOf = (name: Process) => (name.startsWith("stateful") ? "stream" : name.replace(/-\d$/, ""));

function ownOf(name: Process, port: number, home: string): Readonly<Record<string, string>> {
  const text = String(port);
  if (name.startsWith("ingest")) {
    // With so many processes on one machine a late event loop says nothing about the load of the front door.
    const shedding = { HAILSTREAM_INGEST_MAX_LOOP_DELAY_MS: "0" };
    const spool = { HAILSTREAM_INGEST_SPOOL: String(name === spoolingDoor) };
    return { ...shedding, ...spool, HAILSTREAM_INGEST_PORT: text, HAILSTREAM_INGEST_DATA_DIR: join(home, "data") };
  }
  if (name.startsWith("sinks")) return { HAILSTREAM_SINKS_METRICS_PORT: text };
  const kind = name.startsWith("stateful") ? "stateful" : "stateless";
  return { HAILSTREAM_STREAM_KIND: kind, HAILSTREAM_STREAM_METRICS_PORT: text };
}

function through(url: string, port: number): string {
  return url.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
}

async function distinctBases(count: number): Promise<readonly number[]> {
  const bases = new Set<number>();
  while (bases.size < count) bases.add(await findFreePortBase());
  return [...bases];
}
