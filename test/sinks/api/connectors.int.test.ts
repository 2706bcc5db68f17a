import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/wait.ts";
import { count, day, produce, storedUpTo } from "../pipeline.ts";
import { type Answer, ask as askAt, type ConnectorsApi, startConnectorsApi } from "./connectors-api.ts";

const name = "taxi rank/ö";
let api: ConnectorsApi;

beforeAll(async () => {
  api = await startConnectorsApi("connectors");
});
afterAll(() => api?.stop());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => askAt(api.url, method, path, body);

const own = encodeURIComponent("own");
const config = () => ({
  "connector.class": "PostgresSink",
  topics: api.topic,
  "insert.mode": "upsert",
  "tasks.max": "2",
});
const car = (key: string, n: number | null) => ({
  key,
  value: n === null ? null : api.schemas.encode("rank.car", { car_id: key, n }),
  headers: {
    ce_id: `${key}-${n}`,
    ce_type: "rank.car",
    ce_source: "/test",
    ce_time: day,
    received_at: "1422705600000",
  },
});
const rows = () => api.db.owner.query("select record_key, n from events.own_rank_car order by 1");
const untilRead = (records: number) =>
  eventually(async () => expect(await storedUpTo(api.db, "hailstream-own")).toBe(records));
const stateOf = async () => {
  const { body } = await ask("GET", `/connectors/${own}/status`);
  const { connector, tasks } = body as { connector: { state: string }; tasks: { state: string }[] };
  return [connector.state, ...tasks.map(({ state }) => state)];
};

test("the server, its plugins and its loggers answer in Kafka Connect's shapes", async () => {
  expect((await ask("GET", "/")).body).toEqual({
    version: expect.any(String),
    commit: expect.any(String),
    kafka_cluster_id: expect.stringMatching(/\S/),
  });
  expect((await ask("GET", "/connector-plugins")).body).toEqual(
    ["PostgresSink", "QuarantineSink", "WebhookSink"].map((each) => ({
      class: each,
      type: "sink",
      version: expect.any(String),
    })),
  );
  const all = (await ask("GET", "/connector-plugins?connectorsOnly=false")).body;
  expect(all).toContainEqual({ class: "MaskField", type: "transformation", version: expect.any(String) });
  expect((await ask("GET", "/connector-plugins/MaskField/config")).body).toContainEqual(
    expect.objectContaining({ name: "fields", type: "LIST", required: true }),
  );
  expect((await ask("PUT", "/admin/loggers/root", { level: "debug" })).body).toContain("root");
  expect((await ask("GET", "/admin/loggers/root")).body).toEqual({ level: "DEBUG", last_modified: expect.any(Number) });
  expect((await ask("PUT", "/admin/loggers/root", { level: "LOUD" })).status).toBe(404);
  expect((await ask("GET", "/admin/loggers/none")).status).toBe(404);
});

test("a configuration is judged key by key, before anything is made", async () => {
  const sound = await ask("PUT", "/connector-plugins/PostgresSink/config/validate", { ...config(), name: "own" });
  expect(sound).toMatchObject({ status: 200, body: { name: "PostgresSink", error_count: 0 } });
  const wrong = await ask("PUT", "/connector-plugins/PostgresSink/config/validate", {
    ...config(),
    "insert.mode": "merge",
  });
  expect(wrong).toMatchObject({ status: 200, body: { error_count: 2 } });
  const { configs } = wrong.body as { configs: { definition: object; value: { name: string; errors: string[] } }[] };
  expect(configs.find(({ value }) => value.name === "insert.mode")).toEqual({
    definition: {
      name: "insert.mode",
      type: "STRING",
      required: false,
      default_value: "insert",
      importance: "HIGH",
      documentation: expect.any(String),
      group: "Table",
      width: expect.any(String),
      display_name: expect.any(String),
      dependents: [],
      order: expect.any(Number),
    },
    value: {
      name: "insert.mode",
      value: "merge",
      recommended_values: ["insert", "upsert"],
      errors: ['expected one of insert, upsert, got "merge"'],
      visible: true,
    },
  });
  expect(configs.find(({ value }) => value.name === "name")?.value.errors).toEqual(["expected a value, got nothing"]);
  expect(await ask("PUT", "/connector-plugins/Nothing/config/validate", config())).toMatchObject({
    status: 400,
    body: { error_code: 400, message: expect.stringContaining("connector_plugin_unknown") },
  });
  expect(await ask("POST", "/connectors", { name: "own", config: { ...config(), topics: "" } })).toMatchObject({
    status: 400,
  });
  expect((await ask("GET", "/connectors")).body).toEqual(["alerts", "events", "quarantine"]);
});

test("a connector is made, fills its table, and is changed, paused, stopped and set back", async () => {
  await produce(api.topic, [car("a", 1), car("b", 1), car("a", 2), car("c", 1), car("b", null)]);
  const created = await ask("POST", "/connectors", { name: "own", config: config() });
  const flat = { name: "own", ...config() };
  expect(created).toEqual({
    status: 201,
    location: "/connectors/own",
    body: { name: "own", config: flat, tasks: expect.any(Array), type: "sink" },
  });
  const expected = [
    { record_key: "a", n: 2 },
    { record_key: "c", n: 1 },
  ];
  // One car may be in the table before another one has come and gone: that is over when all is read.
  await untilRead(5);
  expect(await rows()).toEqual(expected);
  // As Connect's own client says that it has no wish.
  expect(await ask("POST", "/connectors", { name: "own", config: config(), initial_state: null })).toMatchObject({
    status: 409,
    body: { error_code: 409 },
  });
  expect((await ask("GET", `/connectors/${own}/config`)).body).toEqual(flat);
  // What a task does is written down a moment after it does it.
  await eventually(async () => expect(await stateOf()).toEqual(["RUNNING", "RUNNING"]));
  expect((await ask("GET", `/connectors/${own}/status`)).body).toEqual({
    name: "own",
    connector: { state: "RUNNING", worker_id: expect.stringMatching(/:\d+$/), version: expect.any(String) },
    tasks: [{ id: 0, state: "RUNNING", version: "1.0", worker_id: expect.stringMatching(/:\d+$/) }],
    type: "sink",
  });
  expect((await ask("GET", `/connectors/${own}/tasks`)).body).toEqual([
    { id: { connector: "own", task: 0 }, config: { ...flat, "task.class": "PostgresSink" } },
  ]);
  expect((await ask("GET", `/connectors/${own}/tasks/0/status`)).body).toMatchObject({ id: 0, state: "RUNNING" });
  expect((await ask("GET", `/connectors/${own}/topics`)).body).toEqual({ own: { topics: [api.topic] } });
  const expanded = (await ask("GET", "/connectors?expand=status&expand=info")).body;
  expect(expanded).toMatchObject({ own: { status: { connector: { state: "RUNNING" } }, info: { config: flat } } });

  // Paused: the task is there and does nothing. Resumed: it goes on.
  expect((await ask("PUT", `/connectors/${own}/pause`)).status).toBe(202);
  await eventually(async () => expect(await stateOf()).toEqual(["PAUSED", "PAUSED"]));
  await produce(api.topic, [car("d", 1)]);
  expect((await ask("PUT", `/connectors/${own}/resume`)).status).toBe(202);
  await untilRead(6);
  expect(await rows()).toContainEqual({ record_key: "d", n: 1 });

  // Offsets move only while it is stopped.
  const offsets = await ask("GET", `/connectors/${own}/offsets`);
  const { offsets: stood } = offsets.body as { offsets: { partition: object; offset: { kafka_offset: number } }[] };
  expect(stood.reduce((sum, { offset }) => sum + offset.kafka_offset, 0)).toBe(6);
  expect(stood[0]?.partition).toEqual({ kafka_topic: api.topic, kafka_partition: expect.any(Number) });
  expect(await ask("DELETE", `/connectors/${own}/offsets`)).toMatchObject({ status: 400, body: { error_code: 400 } });
  expect((await ask("PUT", `/connectors/${own}/stop`)).status).toBe(204);
  await eventually(async () => expect(await stateOf()).toEqual(["STOPPED"]));
  const at = (kafka_partition: number, kafka_offset: number | null) => ({
    offsets: [
      {
        partition: { kafka_topic: api.topic, kafka_partition },
        offset: kafka_offset === null ? null : { kafka_offset },
      },
    ],
  });
  expect(await ask("PATCH", `/connectors/${own}/offsets`, at(0, 99))).toMatchObject({ status: 400 });
  expect(await ask("PATCH", `/connectors/${own}/offsets`, at(7, 0))).toMatchObject({ status: 400 });
  await api.db.owner.execute("truncate events.own_rank_car");
  const epochs = () =>
    api.db.owner.query<{ sum: number }>(
      "select sum(epoch)::int from pipeline.checkpoints where consumer = 'hailstream-own'",
    );
  const [before] = await epochs();
  const altered = await ask("PATCH", `/connectors/${own}/offsets`, {
    offsets: [...at(0, 0).offsets, ...at(1, null).offsets],
  });
  expect(altered).toMatchObject({ status: 200, body: { message: expect.stringContaining("altered") } });
  const [after] = await epochs();
  // A flush that is still under way somewhere is fenced.
  expect((after?.sum ?? 0) - (before?.sum ?? 0)).toBe(2);
  expect((await ask("GET", `/connectors/${own}/offsets`)).body).toEqual({ offsets: [] });
  await ask("PUT", `/connectors/${own}/resume`);
  await untilRead(6);
  expect(await rows()).toEqual([...expected, { record_key: "d", n: 1 }]);

  // Another configuration, in whole and in part; then it is gone, and its progress stays.
  expect(await ask("PUT", `/connectors/${own}/config`, { ...config(), "tasks.max": "1" })).toMatchObject({
    status: 200,
    body: { config: { "tasks.max": "1" } },
  });
  expect(await ask("PATCH", `/connectors/${own}/config`, { "tasks.max": null, "delete.enabled": false })).toMatchObject(
    {
      status: 200,
      body: { config: { name: "own", "delete.enabled": "false" } },
    },
  );
  expect((await ask("POST", `/connectors/${own}/restart?includeTasks=true`)).status).toBe(202);
  expect((await ask("POST", `/connectors/${own}/tasks/0/restart`)).status).toBe(204);
  expect((await ask("POST", `/connectors/${own}/tasks/9/restart`)).status).toBe(404);
  expect((await ask("DELETE", `/connectors/${own}`)).status).toBe(204);
  expect(await ask("GET", `/connectors/${own}`)).toMatchObject({ status: 404, body: { error_code: 404 } });
  expect(await count(api.db, "pipeline.checkpoints where consumer = 'hailstream-own'")).toBe(2);
});

test("a connector that cannot work is told as failed, with its first error, and harms no other", async () => {
  await api.db.owner.execute("create table events.broken_rank_car (n text)");
  await ask("POST", "/connectors", { name: "broken", config: config() });
  await eventually(async () => {
    const { body } = await ask("GET", "/connectors/broken/status");
    expect(body).toMatchObject({
      tasks: [{ state: "FAILED", trace: expect.stringContaining("broken_rank_car.n is text") }],
    });
  });
  expect(await ask("GET", "/ready")).toMatchObject({ status: 503 });
  await api.db.owner.execute("drop table events.broken_rank_car");
  await ask("POST", "/connectors/broken/restart?onlyFailed=true&includeTasks=true");
  await eventually(async () => {
    expect((await ask("GET", "/connectors/broken/status")).body).toMatchObject({ tasks: [{ state: "RUNNING" }] });
  });
  expect(await ask("GET", "/ready")).toMatchObject({ status: 200 });
  await ask("DELETE", "/connectors/broken");
});

test("a connector of a file is stopped and started, but changed only in its file", async () => {
  expect((await ask("GET", "/connectors/events")).body).toMatchObject({ name: "events", tasks: [], type: "sink" });
  for (const [method, path, body] of [
    ["PUT", "/connectors/events/config", config],
    ["DELETE", "/connectors/events", undefined],
    ["POST", "/connectors", { name: "events", config: config() }],
  ] as const) {
    expect(await ask(method, path, body)).toMatchObject({ status: 409, body: { error_code: 409 } });
  }
});

test("requests that cannot be understood are answered with what is wrong", async () => {
  expect(await ask("GET", `/connectors/${encodeURIComponent(name)}/status`)).toMatchObject({ status: 404 });
  expect(await ask("POST", "/connectors", { name: "x" })).toMatchObject({
    status: 400,
    body: { error_code: 400, message: expect.stringContaining("config:") },
  });
  expect(await ask("PUT", "/connectors/x/config", { name: "y" })).toMatchObject({ status: 400 });
  const noJson = await fetch(`${api.url}/connectors`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect([noJson.status, await noJson.json()]).toEqual([400, { error_code: 400, message: expect.any(String) }]);
  const foreign = await fetch(`${api.url}/connectors`, { headers: { origin: "https://evil.example" } });
  expect(foreign.status).toBe(403);
});
