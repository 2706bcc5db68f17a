import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { afterEach, expect, inject, test } from "vitest";
import { makeApiKey } from "../../../ingest/identity/api-key.ts";
import { createDeviceKey } from "../../../ingest/identity/device-keys.ts";
import { createKey, type NewKey, revokeKey, rotateKey } from "../../../ingest/identity/keys-file.ts";
import { ensureTopics } from "../../../kafka/index.ts";
import { eventually } from "../../support/wait.ts";
import { type AnswerBody, connectTo, idsOf, recordsOf } from "../door.ts";
import { locationEvent } from "../knowledge.ts";
import { useDirectory } from "./files.ts";

const dir = useDirectory();
let child: ChildProcess | undefined;
afterEach(async () => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
});

const processes = 2;

/** The processes that users run, with everything that they ever say. */
async function startProcesses(said: string[]): Promise<string> {
  const flags = {
    "--ingest-port": "0",
    "--ingest-processes": String(processes),
    // A machine that stands still is not what turns anybody away here.
    "--ingest-max-loop-delay-ms": "0",
    "--ingest-api-keys-file": dir.path("keys.json"),
    "--ingest-device-keys-file": dir.path("device-keys.json"),
    "--kafka-brokers": inject("kafka"),
    "--registry-url": inject("registry"),
    "--registry-cache-dir": dir.path("schemas"),
    "--log-level": "trace",
  };
  child = spawn(process.execPath, ["main.ts", "ingest", "--json", ...Object.entries(flags).flat()], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no output");
  stderr.on("data", (text) => said.push(String(text)));
  for await (const line of createInterface(stdout)) {
    said.push(line);
    return (JSON.parse(line) as { ingest: string }).ingest;
  }
  throw new Error(`ingest ended before it was ready: ${said.join("")}`);
}

const wanted = (name: string, more: Partial<NewKey> = {}): NewKey => ({
  name,
  stage: "test",
  scopes: ["*"],
  mint: false,
  ...more,
});

test("keys and tokens of every kind: answered rightly by every process, and never repeated anywhere", async () => {
  const connection = connectTo(inject("kafka"));
  await ensureTopics(connection);
  const file = dir.path("keys.json");
  const now = new Date();
  const app = await createKey(file, wanted("driver-app", { scopes: ["driver.*"] }), now);
  const backend = await createKey(file, wanted("backend", { mint: true }), now);
  const live = await createKey(file, wanted("live-app", { stage: "live", scopes: ["rider.*"] }), now);
  const revoked = await createKey(file, wanted("gone"), now);
  await revokeKey(file, revoked.entry.id, now);
  const expired = await createKey(file, wanted("old", { expires_at: new Date(now.getTime() - 1).toISOString() }), now);
  const { d: privateKey = "" } = await createDeviceKey(dir.path("device-keys.json"), now);
  const stranger = makeApiKey("live").text;
  const secrets = [app, backend, live, revoked, expired].map(({ text }) => text).concat(stranger, privateKey);

  const said: string[] = [];
  const url = await startProcesses(said);
  const prefix = randomUUID();
  let serial = 0;

  /** Each request by a connection of its own, since each connection belongs to one process. */
  async function ask(authorization: string, body: unknown, path = "/v1/events") {
    const headers = { authorization, "content-type": "application/json", connection: "close" };
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    said.push(text, ...[...response.headers].flat());
    const answer = JSON.parse(text) as AnswerBody;
    return { status: response.status, code: answer.code ?? answer.results[0]?.code, answer };
  }
  const post = (key: string, changes: Readonly<Record<string, unknown>> = {}) =>
    ask(`Bearer ${key}`, locationEvent({ id: `${prefix}-${serial++}`, ...changes }));
  const postTwice = async (key: string, changes?: Readonly<Record<string, unknown>>) => {
    const answers = await Promise.all([post(key, changes), post(key, changes)]);
    return answers.map(({ status, code }) => [status, code]);
  };
  const twice = (status: number, code?: string) => [
    [status, code],
    [status, code],
  ];

  expect(await postTwice(app.text)).toEqual(twice(202));
  expect(await postTwice(stranger)).toEqual(twice(401, "request_api_key_unknown"));
  expect(await postTwice(revoked.text)).toEqual(twice(401, "request_api_key_revoked"));
  expect(await postTwice(expired.text)).toEqual(twice(401, "request_api_key_expired"));
  const session = { rider_id: "rdr_1", session_id: "ses_1" };
  const foreign = { type: "rider.session", subject: "rdr_1", data: session };
  expect(await post(app.text, foreign)).toMatchObject({
    status: 422,
    answer: { results: [{ status: "rejected", code: "event_type_forbidden" }] },
  });
  expect(await post(live.text)).toMatchObject({ answer: { results: [{ status: "quarantined" }] } });

  const minting = await fetch(`${url}/v1/device-tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${backend.text}` },
    body: JSON.stringify({ subject: "drv_1", ttl_seconds: 600 }),
  });
  const { token } = (await minting.json()) as { token: string };
  expect([minting.status, minting.headers.get("cache-control")]).toEqual([201, "no-store"]);
  secrets.push(...token.split(".").slice(1));
  expect(await ask(`Bearer ${app.text}`, { subject: "drv_1" }, "/v1/device-tokens")).toMatchObject({
    status: 403,
    code: "request_mint_forbidden",
  });
  // Verified anew and remembered, by both processes.
  for (let i = 0; i < 3; i++) expect(await postTwice(token)).toEqual(twice(202));
  const other = { driver_id: "drv_2", latitude: 1, longitude: 1 };
  expect(await post(token, { subject: "drv_2", data: other })).toMatchObject({
    answer: { results: [{ status: "quarantined", code: "subject_mismatch", pointer: "/subject" }] },
  });
  expect(await post(token, { subject: undefined, data: other })).toMatchObject({
    answer: { results: [{ code: "subject_mismatch", pointer: "/data/driver_id" }] },
  });
  const forged = `${token.slice(0, -8)}AAAAAAAA`;
  expect(await postTwice(forged)).toEqual(twice(401, "request_device_token_invalid"));
  await ask(`Basic ${Buffer.from(`${stranger}:`).toString("base64")}`, {});
  await ask(`Bearer ${stranger} ${stranger}`, {});
  await ask("Bearer x", {}, `/v1/events?key=${stranger}`);

  // At a rotation both are valid; a revocation reaches every process, and takes the tokens with it.
  const next = await rotateKey(file, "driver-app", 3_600_000, new Date());
  secrets.push(next.text);
  const allAnswer = (key: string, status: number) =>
    eventually(
      async () => {
        const answers = await Promise.all(Array.from({ length: 4 * processes }, () => post(key)));
        return answers.every((answer) => answer.status === status);
      },
      { everyMs: 200 },
    );
  await allAnswer(next.text, 202);
  expect(await postTwice(app.text)).toEqual(twice(202));
  await revokeKey(file, "backend", new Date());
  await allAnswer(token, 401);
  await revokeKey(file, app.entry.id, new Date());
  await allAnswer(app.text, 401);
  expect(await postTwice(next.text)).toEqual(twice(202));

  // A broken file: the last good keys stay, and each process says where it is broken.
  await writeFile(dir.path("broken.json"), `[\n  { "name": "${stranger}" "sha256": ${stranger}`);
  await rename(dir.path("broken.json"), file);
  const complaints = () => said.join("").split("line 2: this is not JSON").length - 1;
  await eventually(() => complaints() === processes);
  expect(await postTwice(next.text)).toEqual(twice(202));

  said.push(await (await fetch(`${url}/metrics`)).text(), await (await fetch(`${url}/ready`)).text());
  const everything = said.join("\n");
  expect(everything).toContain(file);
  expect(everything).toContain('hailstream_ingest_identity_file_broken{file="API keys"}');
  for (const secret of secrets) expect(everything).not.toContain(secret.slice(secret.startsWith("hs_") ? 20 : 0));

  const found = idsOf(await recordsOf(connection, ["driver-locations", "rider-events"], prefix, 1));
  // Nothing of a refused event is there: those of this driver and this app only.
  const accepted = new Set(
    said.flatMap((text) => [...text.matchAll(/"id":"([^"]+)","status":"accepted"/g)].map((m) => m[1])),
  );
  expect(found).toEqual([...accepted].sort());
});
