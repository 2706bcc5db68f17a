import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  apiKeysFile,
  type ChildService,
  createStation,
  deviceKeysFile,
  type RegistryStorage,
  type Secrets,
} from "../local/index.ts";
import { createMetrics, type Logger, readOptions } from "../runtime/index.ts";
import { localStreamVariables } from "./local-stream.ts";
import { localWebhookVariables } from "./local-webhooks.ts";
import type { StackPlace } from "./stack-options.ts";

type ChildParts = StackPlace & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly abort: AbortSignal;
};

/** The services of the pipeline, each a process of its own. */
export function createStations(
  parts: ChildParts,
  secrets: Pick<Secrets, "console" | "apiKey">,
): readonly ChildService[] {
  const { ports } = parts;
  const shared = { dataDir: parts.dataDir, log: parts.log, abort: parts.abort };
  const env = (own: Readonly<Record<string, string>>) => ({ ...parts.env, ...own });
  const unless = (variables: Readonly<Record<string, string>>) => withoutGiven(variables, parts.env);
  const ingest = {
    HAILSTREAM_INGEST_HOST: "127.0.0.1",
    HAILSTREAM_INGEST_PORT: String(ports.ingest),
    HAILSTREAM_INGEST_DATA_DIR: parts.env.HAILSTREAM_INGEST_DATA_DIR ?? join(parts.dataDir, "ingest"),
    HAILSTREAM_INGEST_API_KEYS_FILE: parts.env.HAILSTREAM_INGEST_API_KEYS_FILE ?? apiKeysFile(parts.dataDir),
    HAILSTREAM_INGEST_DEVICE_KEYS_FILE: parts.env.HAILSTREAM_INGEST_DEVICE_KEYS_FILE ?? deviceKeysFile(parts.dataDir),
  };
  const streams = parts.env.HAILSTREAM_STREAM_FLOWS === undefined ? splitStream(ports) : [wholeStream(ports)];
  const sinks = { ...unless(localWebhookVariables), HAILSTREAM_SINKS_METRICS_PORT: String(ports.sinksMetrics) };
  const audit = { HAILSTREAM_AUDIT_METRICS_PORT: String(ports.auditMetrics) };
  const console = {
    // What is redriven goes into the same sinks and flows, what is replayed through the same door, and tests of endpoints where the sinks' deliveries may go.
    ...unless({ ...localStreamVariables, ...localWebhookVariables }),
    HAILSTREAM_APPS_URL: parts.env.HAILSTREAM_APPS_URL ?? `http://127.0.0.1:${ports.ingest}`,
    HAILSTREAM_APPS_API_KEY: parts.env.HAILSTREAM_APPS_API_KEY ?? secrets.apiKey,
    HAILSTREAM_CONSOLE_HOST: "127.0.0.1",
    HAILSTREAM_CONSOLE_PORT: String(ports.console),
    HAILSTREAM_CONSOLE_KEY: parts.env.HAILSTREAM_CONSOLE_KEY ?? secrets.console.operate,
    HAILSTREAM_CONSOLE_VIEW_KEY: parts.env.HAILSTREAM_CONSOLE_VIEW_KEY ?? secrets.console.view,
    HAILSTREAM_CONSOLE_STATIONS: [
      { name: "ingest", port: ports.ingest },
      ...streams,
      { name: "sinks", port: ports.sinksMetrics },
      { name: "audit", port: ports.auditMetrics },
    ]
      .map(({ name, port }) => `${name}=http://127.0.0.1:${port}`)
      .join(","),
  };
  return [
    createStation({ ...shared, command: "ingest", env: env(ingest), port: ports.ingest }),
    ...streams.map(({ name, port, own }) =>
      createStation({
        ...{ ...shared, command: "stream", name, port },
        env: env({ ...unless(localStreamVariables), ...own }),
      }),
    ),
    createStation({ ...shared, command: "sinks", env: env(sinks), port: ports.sinksMetrics }),
    createStation({ ...shared, command: "audit", args: ["--watch"], env: env(audit), port: ports.auditMetrics }),
    createStation({ ...shared, command: "console", env: env(console), port: ports.console }),
  ];
}

/** Nothing that an app or a person on call waits for shares a process with what remembers and computes. */
function splitStream(ports: StackPlace["ports"]) {
  const of = (name: string, kind: string, port: number) => ({
    name,
    port,
    own: { HAILSTREAM_STREAM_KIND: kind, HAILSTREAM_STREAM_METRICS_PORT: String(port) },
  });
  return [of("stream", "stateless", ports.streamMetrics), of("stream-stateful", "stateful", ports.statefulMetrics)];
}

/** Whoever names flows has all of them in one process. */
function wholeStream({ streamMetrics: port }: StackPlace["ports"]) {
  return { name: "stream", port, own: { HAILSTREAM_STREAM_METRICS_PORT: String(port) } };
}

/** What holds for the local stack unless the user says otherwise. */
function withoutGiven(variables: Readonly<Record<string, string>>, env: ChildParts["env"]) {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => env[name] === undefined));
}

/** The gentle traffic of a simulated city, which sends soon enough for people to watch. */
export function createDemo(parts: ChildParts, url: string, apiKey: string): ChildService {
  const { dataDir, log, abort } = parts;
  const env = { ...parts.env, HAILSTREAM_APPS_API_KEY: apiKey };
  return createStation({
    dataDir,
    log,
    abort,
    command: "simulate",
    args: ["--url", url, "--flush-interval-ms", "1000"],
    env,
  });
}

/** The first start makes the key that signs device tokens, unless the user brings a file of them. */
export async function prepareDeviceKeys({ dataDir, env }: Pick<ChildParts, "dataDir" | "env">): Promise<void> {
  const file = deviceKeysFile(dataDir);
  if (env.HAILSTREAM_INGEST_DEVICE_KEYS_FILE !== undefined || existsSync(file)) return;
  const { createDeviceKey } = await import("../ingest/identity/device-keys.ts");
  await createDeviceKey(file, new Date());
}

/** Makes the topics, brings the database to the newest version, registers the schemas: no service has to wait for another. */
export async function prepareCarriers(env: ChildParts["env"], log: Logger): Promise<void> {
  const [kafka, store, schemas, sinks] = await Promise.all([
    import("../kafka/index.ts"),
    import("../store/index.ts"),
    import("../schemas/index.ts"),
    import("../sinks/index.ts"),
  ]);
  const source = { env };
  const { catalogueFrom } = await import("./catalogue.ts");
  const catalogue = catalogueFrom(source);
  // Once here instead of by every service at the same moment.
  const registration = schemas.createSchemas({
    options: readOptions(schemas.schemaOptions, source),
    log,
    metrics: createMetrics(),
    catalogue,
  });
  const options = readOptions(kafka.kafkaOptions, source);
  const { url, keepDays } = readOptions(store.storeOptions, source);
  const connection = kafka.connectKafka(options, log, "hailstream-up", kafka.shortRetry);
  await Promise.all([
    registration.start(() => undefined).finally(() => registration.stop()),
    kafka.ensureTopics(connection, kafka.allTopics(catalogue.types.values())),
    sinks.prepareDatabase(url, catalogue, log, keepDays),
  ]);
}

/** A schema of its own for the embedded registry in a Postgres that the user brings. */
export async function prepareOwnPostgres(url: string, log: Logger): Promise<RegistryStorage> {
  const { runAsOwner } = await import("../store/index.ts");
  await runAsOwner(url, async (query) => {
    await query("create schema if not exists apicurio");
  });
  log.debug("the registry keeps its schemas in the database's schema apicurio");
  const { host, pathname, username, password, searchParams } = new URL(url);
  searchParams.set("currentSchema", "apicurio");
  return {
    jdbcUrl: `jdbc:postgresql://${host}${pathname}?${searchParams}`,
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}
