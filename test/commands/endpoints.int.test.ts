import { PassThrough } from "node:stream";
import { Command } from "commander";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { add } from "../../commands/endpoints.ts";
import { localWebhookVariables } from "../../commands/local-webhooks.ts";
import type { Database } from "../../store/index.ts";
import {
  enqueueAlerts,
  freshDatabase,
  startReceiver,
  startSender,
  type TestReceiver,
} from "../sinks/webhook/support.ts";
import { eventually } from "../support/wait.ts";

let url: string;
let db: Database;
let receiver: TestReceiver;
/** What the receiver answers. */
let status = 204;

beforeAll(async () => {
  ({ url, db } = await freshDatabase());
  receiver = await startReceiver((response) => response.writeHead(status).end("no room"));
});
beforeEach(async () => {
  status = 204;
  await db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints");
});
afterAll(async () => {
  await receiver?.stop();
  await db?.stop();
});

/** Runs `hailstream endpoints …` on the database of this file, under the rules of a local stack. */
async function endpoints(...words: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const program = new Command().exitOverride();
  let code = 0;
  const env = { ...localWebhookVariables, HAILSTREAM_POSTGRES_URL: url };
  add(program, { env, stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["endpoints", ...words], { from: "user" });
  const out = String(stdout.read() ?? "");
  return { code, out, err: String(stderr.read() ?? ""), json: () => JSON.parse(out) as never };
}

async function create(name = "night shift"): Promise<{ id: string; secret: string }> {
  return (await endpoints("create", "--url", receiver.url, "--name", name, "--json")).json();
}

test("create shows id and secret, list shows the receiver without the secret, delete takes it away", async () => {
  const inWords = await endpoints("create", "--url", receiver.url);
  expect(inWords).toMatchObject({ code: 0, out: expect.stringMatching(/^id {6}ep_\w+\nsecret {2}whsec_\S+\n$/) });
  expect(inWords.err).toContain("not shown again");
  const { id, secret } = await create();
  const listed = await endpoints("list", "--json");
  expect(listed.json()).toEqual([
    expect.objectContaining({ name: "", url: receiver.url, state: "active" }),
    expect.objectContaining({ endpoint_id: id, name: "night shift", url: receiver.url, state: "active" }),
  ]);
  expect(listed.out).not.toContain(secret);
  expect((await endpoints("list")).out).toMatch(new RegExp(`^${id}  active +${receiver.url}  night shift$`, "m"));

  expect((await endpoints("delete", id, "--json")).json()).toEqual({ deleted: id });
  expect((await endpoints("list")).out).not.toContain(id);
});

test("test posts a signed alert at once and tells the receiver's answer by its exit code", async () => {
  const { id, secret } = await create();
  const sent = await endpoints("test", id, "--json");
  expect(sent.code).toBe(0);
  expect(sent.json()).toMatchObject({ result: "delivered", status: 204 });
  const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: "" };
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: "alert" });

  status = 507;
  const refused = await endpoints("test", id);
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/status 507, after \d+ ms[\s\S]*no room/);
});

test("deliveries are listed by endpoint and by state, with the last answer", async () => {
  const [first, second] = [await create("first"), await create("second")];
  await enqueueAlerts(db, ["msg_1"]);
  const sender = await startSender(db);
  const delivered = async () => (await endpoints("deliveries", "--state", "delivered", "--json")).json() as unknown[];
  try {
    await eventually(async () => expect(await delivered()).toHaveLength(2));
  } finally {
    await sender.stop();
  }
  await enqueueAlerts(db, ["msg_2"]);
  expect((await endpoints("deliveries", "--endpoint", first.id, "--json")).json()).toEqual([
    expect.objectContaining({ message_id: "msg_2", state: "pending", attempts: 0 }),
    expect.objectContaining({ message_id: "msg_1", state: "delivered", attempts: 1, last_status: 204 }),
  ]);
  const waiting = (await endpoints("deliveries", "--state", "pending", "--endpoint", second.id)).out;
  expect(waiting.trim().split("\n")).toHaveLength(1);
  expect(waiting).toContain("msg_2");
  await expect(endpoints("deliveries", "--state", "lost")).rejects.toMatchObject({ code: "option_invalid" });
});

test.each(["test", "delete"])("%s of an endpoint that is not there ends with exit code 2", async (command) => {
  const unknown = await endpoints(command, "ep_nobody", "--json");
  expect(unknown.code).toBe(2);
  expect(unknown.json()).toMatchObject({ refused: "webhook_endpoint_unknown" });
  expect(unknown.err).toContain("hailstream endpoints list");
});
