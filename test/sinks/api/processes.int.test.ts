import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/wait.ts";
import { count, day, produce } from "../pipeline.ts";
import { ask, type ConnectorsApi, startConnectorsApi } from "./connectors-api.ts";

let api: ConnectorsApi;
let urls: readonly string[];

beforeAll(async () => {
  api = await startConnectorsApi("processes");
  urls = [api.url, await api.another()];
});
afterAll(() => api?.stop());

type Status = { connector: { state: string }; tasks: { state: string; worker_id: string }[] };

async function eventuallyStates(url: string, states: readonly string[]): Promise<Status> {
  return await eventually(
    async () => {
      const status = (await ask(url, "GET", "/connectors/own/status")).body as Status;
      expect([status.connector.state, ...status.tasks.map(({ state }) => state)]).toEqual(states);
      return status;
    },
    { everyMs: 100 },
  );
}

const cars = (from: number, size: number) =>
  Array.from({ length: size }, (_, i) => ({
    key: `car_${from + i}`,
    value: api.schemas.encode("rank.car", { car_id: `car_${from + i}`, n: from + i }),
    headers: {
      ce_id: `e${from + i}`,
      ce_type: "rank.car",
      ce_source: "/test",
      ce_time: day,
      received_at: "1422705600000",
    },
  }));

test("what one process is asked holds for all: tasks of both, and pause, change, stop, offsets and removal", async () => {
  const [first = "", second = ""] = urls;
  const config = { "connector.class": "PostgresSink", topics: api.topic, "insert.mode": "upsert" };
  expect((await ask(first, "POST", "/connectors", { name: "own", config })).status).toBe(201);
  const { tasks } = await eventuallyStates(second, ["RUNNING", "RUNNING", "RUNNING"]);
  expect(new Set(tasks.map(({ worker_id }) => worker_id)).size).toBe(2);

  await produce(api.topic, cars(0, 200));
  const stored = (n: number) => eventually(async () => expect(await count(api.db, "events.own_rank_car")).toBe(n));
  await stored(200);

  await ask(second, "PUT", "/connectors/own/pause");
  await eventuallyStates(first, ["PAUSED", "PAUSED", "PAUSED"]);
  await produce(api.topic, cars(200, 100));
  expect((await ask(first, "PUT", "/connectors/own/config", { ...config, "tasks.max": "1" })).status).toBe(200);
  await ask(first, "PUT", "/connectors/own/resume");
  await eventuallyStates(second, ["RUNNING", "RUNNING", "RUNNING"]);
  await stored(300);

  // While one of the processes still has a task, offsets are refused; afterwards all is read again.
  await ask(first, "PUT", "/connectors/own/stop");
  await eventuallyStates(second, ["STOPPED"]);
  await api.db.owner.execute("truncate events.own_rank_car");
  await eventually(async () => expect((await ask(second, "DELETE", "/connectors/own/offsets")).status).toBe(200));
  await ask(second, "PUT", "/connectors/own/resume");
  await stored(300);

  expect((await ask(second, "DELETE", "/connectors/own")).status).toBe(204);
  await eventually(async () => expect((await ask(first, "GET", "/connectors")).body).not.toContain("own"));
  // The other process hears of it a little later, and then has to stop its task.
  await eventually(async () => expect(await count(api.db, "pipeline.connector_tasks where connector = 'own'")).toBe(0));
});
