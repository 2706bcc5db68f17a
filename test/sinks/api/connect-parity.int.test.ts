import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type KafkaConnect, startKafkaConnect } from "../../support/kafka-connect.ts";
import { eventually } from "../../support/wait.ts";
import { eventRecord, produce } from "../pipeline.ts";
import { type Answer, ask, type ConnectorsApi, startConnectorsApi } from "./connectors-api.ts";

/**
 * Kafka Connect itself beside our API: the same requests to both, over every path that its published OpenAPI lists and that says something
 * about sinks. Statuses are equal; what stands in an answer has the same names and types.
 */
type Side = { readonly url: string; readonly kind: string; readonly config: Readonly<Record<string, string>> };

let connect: KafkaConnect;
let api: ConnectorsApi;
let theirs: Side;
let ours: Side;

beforeAll(async () => {
  api = await startConnectorsApi("parity");
  connect = await startKafkaConnect(inject("kafka"));
  const car = (n: number) => eventRecord(`car_${n}`, api.schemas.encode("rank.car", { car_id: `car_${n}`, n }));
  // Enough that each partition has some.
  await produce(
    api.topic,
    Array.from({ length: 40 }, (_, n) => car(n)),
  );
  const shared = { topics: api.topic, "tasks.max": "1" };
  const file = "org.apache.kafka.connect.file.FileStreamSinkConnector";
  theirs = {
    url: connect.url,
    kind: file,
    config: { "connector.class": file, file: join(connect.dir, "lines"), ...shared },
  };
  ours = { url: api.url, kind: "PostgresSink", config: { "connector.class": "PostgresSink", ...shared } };
});
afterAll(async () => {
  await connect?.stop();
  await api?.stop();
});

// Not asked, since Connect's answers are nothing to follow: the restart of a task that there is not (it makes one, which fails), of a connector
// that there is not (500), a body that is no JSON (500).

/** The request that each side gets, and states to wait for before it. */
type Step = {
  readonly says: string;
  readonly of: (side: Side) => readonly [method: string, path: string, body?: unknown];
  readonly when?: { readonly name: string; readonly states: readonly string[] };
  /** Places whose names each side chooses. */
  readonly free?: readonly string[];
  /** The one field of the answer that is compared. */
  readonly only?: string;
};

/** Whether the answer to a change tells the tasks already is chance, on Connect's side too. */
const made = ["config", "tasks"];
const running = { name: "one", states: ["RUNNING", "RUNNING"] };
const stopped = { name: "one", states: ["STOPPED"] };
const offsetsOf = (topic: string, partition: number, offset: number | null) => ({
  offsets: [
    {
      partition: { kafka_topic: topic, kafka_partition: partition },
      offset: offset === null ? null : { kafka_offset: offset },
    },
  ],
});

const steps: readonly Step[] = [
  { says: "server", of: () => ["GET", "/"] },
  { says: "health", of: () => ["GET", "/health"] },
  { says: "plugins", of: () => ["GET", "/connector-plugins"] },
  { says: "all plugins", of: () => ["GET", "/connector-plugins?connectorsOnly=false"] },
  { says: "keys of a plugin", of: ({ kind }) => ["GET", `/connector-plugins/${kind}/config`] },
  { says: "keys of no plugin", of: () => ["GET", "/connector-plugins/None/config"] },
  {
    says: "sound configuration",
    of: ({ kind, config }) => ["PUT", `/connector-plugins/${kind}/config/validate`, { ...config, name: "one" }],
  },
  {
    says: "wrong configuration",
    of: ({ kind, config }) => [
      "PUT",
      `/connector-plugins/${kind}/config/validate`,
      { ...config, name: "one", "tasks.max": "many" },
    ],
  },
  {
    says: "short name of a class",
    of: ({ kind, config }) => ["PUT", `/connector-plugins/${kind.split(".").at(-1)}/config/validate`, config],
  },
  {
    says: "configuration of no plugin",
    of: ({ config }) => ["PUT", "/connector-plugins/None/config/validate", config],
  },
  { says: "status of none", of: () => ["GET", "/connectors/none/status"] },
  { says: "create", of: ({ config }) => ["POST", "/connectors", { name: "one", config }], free: made },
  { says: "create again", of: ({ config }) => ["POST", "/connectors", { name: "one", config }] },
  { says: "create without a class", of: () => ["POST", "/connectors", { name: "two", config: { topics: "t" } }] },
  {
    says: "create without topics",
    of: ({ kind }) => ["POST", "/connectors", { name: "two", config: { "connector.class": kind } }],
  },
  {
    says: "another name in the configuration",
    of: ({ config }) => ["POST", "/connectors", { name: "two", config: { ...config, name: "three" } }],
  },
  { says: "connector", of: () => ["GET", "/connectors/one"], when: running, free: ["config"] },
  { says: "configuration", of: () => ["GET", "/connectors/one/config"], free: [""] },
  { says: "status", of: () => ["GET", "/connectors/one/status"] },
  { says: "tasks", of: () => ["GET", "/connectors/one/tasks"], free: ["[].config"] },
  { says: "task", of: () => ["GET", "/connectors/one/tasks/0/status"] },
  { says: "no task", of: () => ["GET", "/connectors/one/tasks/9/status"] },
  { says: "topics", of: () => ["GET", "/connectors/one/topics"], free: ["one.topics"] },
  { says: "topics again", of: () => ["PUT", "/connectors/one/topics/reset"] },
  {
    says: "change",
    of: ({ config }) => ["PUT", "/connectors/one/config", { ...config, "tasks.max": "1" }],
    free: made,
  },
  { says: "make by change", of: ({ config }) => ["PUT", "/connectors/two/config", config], free: made },
  { says: "part of a change", of: () => ["PATCH", "/connectors/two/config", { "tasks.max": "2" }], free: made },
  { says: "part of a change of none", of: () => ["PATCH", "/connectors/none/config", { "tasks.max": "2" }] },
  { says: "remove", of: () => ["DELETE", "/connectors/two"] },
  { says: "remove again", of: () => ["DELETE", "/connectors/two"] },
  { says: "restart", of: () => ["POST", "/connectors/one/restart"], when: running },
  { says: "restart with tasks", of: () => ["POST", "/connectors/one/restart?includeTasks=true"], when: running },
  { says: "restart of what failed", of: () => ["POST", "/connectors/one/restart?onlyFailed=true"], when: running },
  { says: "restart of a task", of: () => ["POST", "/connectors/one/tasks/0/restart"], when: running },
  {
    says: "offsets while it runs",
    of: () => ["PATCH", "/connectors/one/offsets", offsetsOf(api.topic, 0, 0)],
    when: running,
  },
  { says: "no offsets while it runs", of: () => ["DELETE", "/connectors/one/offsets"] },
  { says: "pause", of: () => ["PUT", "/connectors/one/pause"] },
  { says: "paused", of: () => ["GET", "/connectors/one/status"], when: { name: "one", states: ["PAUSED", "PAUSED"] } },
  { says: "pause of none", of: () => ["PUT", "/connectors/none/pause"] },
  { says: "resume", of: () => ["PUT", "/connectors/one/resume"] },
  { says: "stop", of: () => ["PUT", "/connectors/one/stop"], when: running },
  { says: "stopped", of: () => ["GET", "/connectors/one/status"], when: stopped },
  { says: "tasks of a stopped one", of: () => ["GET", "/connectors/one/tasks"] },
  { says: "offsets", of: () => ["PATCH", "/connectors/one/offsets", offsetsOf(api.topic, 0, 1)], when: stopped },
  { says: "offsets told", of: () => ["GET", "/connectors/one/offsets"] },
  { says: "one offset taken back", of: () => ["PATCH", "/connectors/one/offsets", offsetsOf(api.topic, 0, null)] },
  { says: "offsets without any", of: () => ["PATCH", "/connectors/one/offsets", { offsets: [] }] },
  {
    says: "offsets of another shape",
    of: () => ["PATCH", "/connectors/one/offsets", { offsets: [{ partition: { a: 1 }, offset: { b: 2 } }] }],
  },
  { says: "no offsets", of: () => ["DELETE", "/connectors/one/offsets"] },
  { says: "offsets of none", of: () => ["GET", "/connectors/none/offsets"] },
  { says: "all with their status", of: () => ["GET", "/connectors?expand=status"], only: "one" },
  { says: "loggers", of: () => ["GET", "/admin/loggers"], free: [""] },
  { says: "logger", of: () => ["GET", "/admin/loggers/root"], free: ["last_modified"] },
  { says: "no logger", of: () => ["GET", "/admin/loggers/none"] },
  { says: "level", of: () => ["PUT", "/admin/loggers/root", { level: "WARN" }] },
  { says: "no level", of: () => ["PUT", "/admin/loggers/root", { level: "LOUD" }] },
  { says: "no such path", of: () => ["GET", "/nothing/here"] },
  { says: "no such method", of: () => ["PATCH", "/connectors/one"] },
];

test("the same requests have the same statuses and shapes as with Kafka Connect", async () => {
  const differences: string[] = [];
  for (const step of steps) {
    const [their, our] = [await answerOf(theirs, step), await answerOf(ours, step)];
    const free = step.free ?? [];
    const say = (what: string, a: unknown, b: unknown) =>
      differences.push(`${step.says}: ${what} ${JSON.stringify(b)}, Connect's ${JSON.stringify(a)}`);
    if (their.status !== our.status) say("status", their.status, `${our.status} ${JSON.stringify(our.body)}`);
    if ((their.location === null) !== (our.location === null)) say("location", their.location, our.location);
    const part = ({ body }: Answer) => (step.only === undefined ? body : (body as Record<string, unknown>)[step.only]);
    const wanted = shapeOf(part(their), free);
    for (const [path, types] of shapeOf(part(our), free)) {
      const allowed = wanted.get(path);
      if (allowed === undefined) say("has the field", undefined, path);
      else if ([...types].some((type) => !allowed.has(type))) say(`type of ${path}`, [...allowed], [...types]);
      wanted.delete(path);
    }
    if (wanted.size > 0) say("lacks", [...wanted.keys()], undefined);
  }
  expect(differences).toEqual([]);
}, 600_000);

async function answerOf(side: Side, step: Step): Promise<Answer> {
  if (step.when !== undefined) {
    const { name, states } = step.when;
    await eventually(
      async () => {
        const { body } = await ask(side.url, "GET", `/connectors/${name}/status`);
        const { connector, tasks } = body as { connector: { state: string }; tasks: { state: string }[] };
        const seen = [connector.state, ...tasks.map(({ state }) => state)];
        expect(seen, `${side.kind}, before: ${step.says}; ${JSON.stringify(tasks)}`).toEqual(states);
      },
      { everyMs: 100 },
    );
  }
  const [method, path, body] = step.of(side);
  return await ask(side.url, method, path, body);
}

/** Each place of a JSON value with the types that stand there; all items of a list are one place. */
function shapeOf(value: unknown, free: readonly string[], path = "", into = new Map<string, Set<string>>()) {
  const type = Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
  const types = into.get(path) ?? new Set();
  // A text that may be absent: Connect's entities have no other kind of null.
  into.set(path, types.add(type === "null" ? "string" : type));
  if (free.includes(path) || (type !== "object" && type !== "list")) return into;
  if (Array.isArray(value)) for (const item of value) shapeOf(item, free, `${path}[]`, into);
  else
    for (const [name, item] of Object.entries(value as object))
      shapeOf(item, free, path === "" ? name : `${path}.${name}`, into);
  return into;
}
