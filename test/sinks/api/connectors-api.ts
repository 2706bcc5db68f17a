import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { createLogger, createMetrics, readOptions, type Service, silentLogger } from "../../../runtime/index.ts";
import { createSchemas, loadCatalogue, type Schemas, schemaFolder, schemaOptions } from "../../../schemas/index.ts";
import { createSinks, prepareDatabase, sinksOptions } from "../../../sinks/index.ts";
import { webhookOptions } from "../../../sinks/webhook/index.ts";
import { storeOptions } from "../../../store/index.ts";
import { connection, createTestDatabase, createTopic, type TestDatabase } from "../pipeline.ts";

export type ConnectorsApi = {
  readonly url: string;
  /** Starts one more process beside the first, and gives its address. */
  another(): Promise<string>;
  readonly db: TestDatabase;
  readonly schemas: Schemas;
  /** Has two partitions, and the type rank.car with `car_id` and `n`. */
  readonly topic: string;
  stop(): Promise<void>;
};

/** `hailstream sinks` in this process over a database and a topic of its own; what ships is stopped, for it would read everybody's topics. */
export async function startConnectorsApi(label: string): Promise<ConnectorsApi> {
  const run = `${process.pid}-${Date.now()}`;
  const topic = `${label}-${run}`;
  const db = await createTestDatabase(label);
  await createTopic(topic, 2);
  const folder = mkdtempSync(join(tmpdir(), "hailstream-connectors-"));
  mkdirSync(join(folder, "schemas", "events"), { recursive: true });
  const schema = {
    type: "record",
    name: "RankCar",
    namespace: `test.r${run.replace("-", "_")}`,
    doc: "A car at a taxi rank.",
    topic,
    key: "car_id",
    class: "normal",
    fields: [
      { name: "car_id", type: "string", doc: "The car." },
      { name: "n", type: "int", doc: "Which." },
    ],
  };
  writeFileSync(join(folder, "schemas", "events", "rank.car.avsc"), JSON.stringify(schema));
  for (const file of ["events", "quarantine", "alerts"]) {
    const text = `name: ${file}\nconnector.class: PostgresSink\ntopics: ${topic}\ninitial_state: STOPPED\n`;
    writeFileSync(join(folder, `${file}.yaml`), text);
  }
  const catalogue = loadCatalogue(schemaFolder, [join(folder, "schemas")]);
  await prepareDatabase(db.ownerUrl, catalogue, silentLogger);
  const options = readOptions(schemaOptions, { flags: { "registry-url": inject("registry") } });
  const schemas = createSchemas({ options, log: silentLogger, metrics: createMetrics(), catalogue });
  await schemas.start(() => undefined);
  const processes: (Service & { readonly url: string })[] = [];
  const start = async () => {
    const sinks = createSinks({
      options: readOptions(sinksOptions, {
        flags: { "sinks-metrics-port": "0", "sinks-connectors-dir": folder, "sinks-session-timeout-ms": "6000" },
      }),
      store: readOptions(storeOptions, { flags: { "postgres-url": db.ownerUrl, "postgres-sink-url": db.sinkUrl } }),
      webhook: readOptions(webhookOptions, {}),
      connection: connection(),
      schemas,
      metrics: createMetrics(),
      // A logger of its own: tests change its level.
      log: createLogger("test", "silent", { write: () => undefined }),
    });
    processes.push(sinks);
    await sinks.start((cause) => {
      throw cause;
    });
    return sinks.url;
  };
  return {
    url: await start(),
    another: start,
    db,
    schemas,
    topic,
    async stop() {
      await Promise.all(processes.map((sinks) => sinks.stop()));
      await schemas.stop();
      await db.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Answer = { readonly status: number; readonly body: unknown; readonly location: string | null };

/** One request; a text as body is sent as it is, and an answer that is no JSON is a text. */
export async function ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : jsonOr(text),
    location: response.headers.get("location"),
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
