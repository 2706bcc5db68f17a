import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { add } from "../../commands/connectors.ts";
import { parseMove } from "../../commands/connectors-words.ts";

let folder: string;
let server: Server;
let asked: string[];
/** What the API answers to `METHOD path`. */
let answers: Readonly<Record<string, readonly [number, unknown]>>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hailstream-connectors-"));
  asked = [];
  server = createServer((request, response) => {
    const key = `${request.method} ${request.url}`;
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      asked.push(body === "" ? key : `${key} ${body}`);
      const [status, json] = answers[key] ?? [404, { error_code: 404, message: "none [connector_unknown]" }];
      response.writeHead(status).end(json === undefined ? "" : JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function run(...words: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const program = new Command().exitOverride();
  let code = 0;
  add(program, { env: {}, stdout, stderr }, (given) => {
    code = given;
  });
  const url = words[0] === "validate" ? [] : ["--url", `http://127.0.0.1:${(server.address() as AddressInfo).port}/`];
  await program.parseAsync(["connectors", ...words, ...url], { from: "user" });
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

const state = (tasks: readonly object[]) => ({
  name: "cars",
  connector: { state: "RUNNING", worker_id: "a:1" },
  tasks,
  type: "sink",
});
const failed = { id: 0, state: "FAILED", worker_id: "a:1", trace: "Error: full\n    at disk" };

test("list and status tell states, and what a failed task has said", async () => {
  answers = { "GET /connectors": [200, ["cars"]], "GET /connectors/cars/status": [200, state([failed])] };
  const list = await run("list");
  expect(list).toMatchObject({
    code: 0,
    out: "cars                  RUNNING\n  task 0  FAILED     a:1\n    Error: full\n",
  });
  const status = await run("status", "cars");
  expect(status.code).toBe(1);
  expect(status.out).toContain("at disk");
  expect(JSON.parse((await run("status", "cars", "--json")).out)).toEqual(state([failed]));
});

test("create makes what a file describes, or changes it to that; a bad file never reaches the API", async () => {
  const file = join(folder, "cars.yaml");
  writeFileSync(file, "name: cars\nconnector.class: PostgresSink\ntopics: driver-status\ninsert.mode: upsert\n");
  const config = { name: "cars", "connector.class": "PostgresSink", topics: "driver-status", "insert.mode": "upsert" };
  answers = { "GET /connectors": [200, []], "POST /connectors": [201, {}] };
  expect(await run("create", file)).toMatchObject({ code: 0, err: "cars is made.\n" });
  answers = { "GET /connectors": [200, ["cars"]], "PUT /connectors/cars/config": [200, {}] };
  expect(await run("create", file)).toMatchObject({ code: 0, err: "cars is changed.\n" });
  expect(asked).toEqual([
    "GET /connectors",
    `POST /connectors ${JSON.stringify({ name: "cars", config, initial_state: "RUNNING" })}`,
    "GET /connectors",
    `PUT /connectors/cars/config ${JSON.stringify(config)}`,
  ]);
  expect(await run("validate", file)).toMatchObject({ code: 0, err: `${file} is sound.\n` });
  writeFileSync(file, "name: cars\nconnector.class: PostgresSink\ntopic: driver-status\n");
  asked = [];
  const bad = await run("create", file);
  expect(bad.code).toBe(2);
  expect(bad.err).toContain(
    `${file}:3: topic: expected a key that there is, got "driver-status"; did you mean topics?`,
  );
  expect(asked).toEqual([]);
  expect((await run("validate", file)).code).toBe(2);
});

test("what is refused ends with exit code 2 and the reason; an API that is not there is an error", async () => {
  answers = {};
  const refused = await run("pause", "none", "--json");
  expect(refused.code).toBe(2);
  expect(JSON.parse(refused.out)).toEqual({ refused: 404, message: "none [connector_unknown]" });
  server.closeAllConnections();
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const program = new Command().exitOverride();
  add(program, { env: {}, stdout: new PassThrough(), stderr: new PassThrough() }, () => undefined);
  const words = ["connectors", "list", "--url", `http://127.0.0.1:${address.port}`];
  await expect(program.parseAsync(words, { from: "user" })).rejects.toMatchObject({
    code: "connector_api_unreachable",
  });
});

test("offsets are set as topic:partition=offset", async () => {
  const stands = { offsets: [{ partition: { kafka_topic: "t:x", kafka_partition: 2 }, offset: { kafka_offset: 7 } }] };
  answers = { "PATCH /connectors/cars/offsets": [200, {}], "GET /connectors/cars/offsets": [200, stands] };
  expect(await run("offsets", "cars", "--set", "t:x:2=7")).toMatchObject({ code: 0, out: "t:x:2  7\n" });
  expect(asked[0]).toBe(`PATCH /connectors/cars/offsets ${JSON.stringify(stands)}`);
  expect(() => parseMove("t=7")).toThrow(expect.objectContaining({ code: "option_invalid" }));
});

test("only the tasks that failed are restarted on --failed", async () => {
  answers = {
    "GET /connectors/cars/status": [200, state([failed, { ...failed, id: 1, state: "RUNNING" }])],
    "POST /connectors/cars/tasks/0/restart": [204, undefined],
  };
  expect((await run("restart", "cars", "--failed")).code).toBe(0);
  expect(asked).toEqual(["GET /connectors/cars/status", "POST /connectors/cars/tasks/0/restart"]);
});
