import { PassThrough } from "node:stream";
import { Command } from "commander";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { add } from "../../commands/endpoints.ts";
import { localWebhookVariables } from "../../commands/local-webhooks.ts";
import type { Database } from "../../store/index.ts";
import {
  enqueueAlerts,
  type FreshDatabase,
  freshDatabase,
  startReceiver,
  startSender,
  type TestReceiver,
} from "../sinks/webhook/support.ts";
import { eventually } from "../support/wait.ts";

let url: string;
let fresh: FreshDatabase;
let db: Database;
let receiver: TestReceiver;
/** What the receiver answers. */
let status = 204;

beforeAll(async () => {
  fresh = await freshDatabase();
  ({ url, db } = fresh);
  receiver = await startReceiver((response) => response.writeHead(status).end("no room"));
});
beforeEach(async () => {
  status = 204;
  await db.execute("truncate webhook.attempts, webhook.deliveries, webhook.endpoints");
});
afterAll(async () => {
  await receiver?.stop();
  await fresh?.stop();
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

test("what an endpoint wants, and how, is set at its creation and changed later", async () => {
  const { id } = (
    await endpoints(
      ...["create", "--url", receiver.url, "--format", "slack", "--min-severity", "warning", "--rate", "5"],
      ...[
        "--rule",
        "safety-sos",
        "--rule",
        "unmet-demand",
        "--label",
        "city=cty_nyc",
        "--label",
        "city=cty_sfo",
        "--json",
      ],
    )
  ).json() as { id: string };
  const shown = async () => ((await endpoints("list", "--json")).json() as object[])[0];
  expect(await shown()).toMatchObject({
    format: "slack",
    least_severity: "warning",
    rate_per_second: 5,
    rules: ["safety-sos", "unmet-demand"],
    labels: { city: ["cty_nyc", "cty_sfo"] },
  });
  expect((await endpoints("list")).out).toContain(
    "as slack  warning and up  rule safety-sos or unmet-demand  city=cty_nyc or cty_sfo  5/s",
  );
  await endpoints("edit", id, "--rule", "", "--label", "app=rider", "--rate", "0", "--name", "day shift");
  expect(await shown()).toMatchObject({
    name: "day shift",
    format: "slack",
    rate_per_second: null,
    rules: [],
    labels: { app: ["rider"] },
    url: receiver.url,
  });
  expect(await endpoints("edit", id, "--url", "https://169.254.169.254/")).toMatchObject({ code: 2 });
  await expect(endpoints("edit", id, "--format", "fax")).rejects.toMatchObject({ code: "option_invalid" });
  await expect(endpoints("edit", id, "--label", "city")).rejects.toThrow("--label: expected NAME=VALUE");

  await endpoints("test", id);
  expect(JSON.parse(receiver.received.at(-1)?.body ?? "{}")).toMatchObject({ text: "*INFO: test*" });
});

test("rotate shows a new secret, and for a while both verify", async () => {
  const { id, secret } = await create();
  const rotated = (await endpoints("rotate", id, "--json")).json() as { secret: string };
  expect(rotated).toMatchObject({ id, old_valid_hours: 24, secret: expect.stringMatching(/^whsec_/) });
  await endpoints("test", id);
  const verify = (with_: string) => {
    const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: "" };
    return new Webhook(with_).verify(body, headers as Record<string, string>);
  };
  for (const each of [secret, rotated.secret]) expect(verify(each)).toBeDefined();
  expect((await endpoints("list")).out).toMatch(/two secrets until \d{4}-/);

  const last = await endpoints("rotate", id, "--keep-hours", "0");
  expect(last.err).toContain("out of use");
  await endpoints("test", id);
  expect(verify(last.out.trim().split("  ")[1] ?? "")).toBeDefined();
  expect(() => verify(rotated.secret)).toThrow();
});

test("a disabled endpoint's alerts are kept and replayed when it is enabled again", async () => {
  const { id } = await create();
  expect((await endpoints("disable", id, "--json")).json()).toEqual({ endpoint: id, disabled: true });
  expect((await endpoints("list")).out).toContain("disabled (disabled by hand)");
  await enqueueAlerts(db, ["msg_1", "msg_2"]);
  const enabled = await endpoints("enable", id);
  expect(enabled.err).toContain(`2 deliveries are kept for it: hailstream endpoints replay ${id} --dry-run`);
  const dry = await endpoints("replay", id, "--dry-run", "--json");
  expect(dry.json()).toEqual({ replayed: 2, overtaken: 0, inactive: 0, dry_run: true });
  expect(dry.err).toContain("2 deliveries would be sent again.");

  const sender = await startSender(db);
  try {
    expect((await endpoints("replay", "--message", "msg_2", "--since", "1h")).err).toContain("1 delivery will be sent");
    await eventually(async () =>
      expect((await endpoints("deliveries", "--state", "delivered", "--json")).json()).toMatchObject([
        { message_id: "msg_2" },
      ]),
    );
  } finally {
    await sender.stop();
  }
  expect((await endpoints("deliveries", "--message", "msg_2")).out).toMatch(
    new RegExp(`${id}  #1  delivered 204 after \\d+ ms`),
  );
  await expect(endpoints("replay", "--since", "yesterday")).rejects.toThrow("--since: expected a time");
});

test.each(["test", "delete", "edit", "rotate", "enable", "disable"])(
  "%s of an endpoint that is not there ends with exit code 2",
  async (command) => {
    const unknown = await endpoints(command, "ep_nobody", "--json");
    expect(unknown.code).toBe(2);
    expect(unknown.json()).toMatchObject({ refused: "webhook_endpoint_unknown" });
    expect(unknown.err).toContain("hailstream endpoints list");
  },
);
