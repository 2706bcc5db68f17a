import { rename, writeFile } from "node:fs/promises";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { hashApiKey, makeApiKey } from "../../../ingest/identity/api-key.ts";
import type { Identity } from "../../../ingest/identity/identity.ts";
import type { Sender } from "../../../ingest/identity/sender.ts";
import { createMetrics } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";
import { entryOf, startIdentity, useDirectory, writeKeys } from "./files.ts";

const dir = useDirectory();
let identity: Identity;
afterEach(() => identity?.stop());

const open = async (...entries: readonly Record<string, unknown>[]) => {
  await writeKeys(dir.path("keys.json"), ...entries);
  identity = await startIdentity({ apiKeysFile: dir.path("keys.json") });
  return (authorization: string | undefined) => identity.identify(authorization) as Sender;
};
const refusal = (code: string) => expect.objectContaining({ code });

test("a key is known by its hash; an entry of an old file is a developer's key for every type", async () => {
  const sha256 = hashApiKey("hsk_old").toUpperCase();
  const identify = await open(entryOf("one", { stage: "live", scopes: ["trip.*"] }), { name: "old app", sha256 });
  const one = identify("Bearer one");
  expect(one).toMatchObject({ name: "app of one", stage: "live" });
  expect([one.mayPost("trip.started"), one.mayPost("driver.location")]).toEqual([true, false]);
  const old = identify("bearer  hsk_old ");
  expect(old).toMatchObject({ name: "old app", stage: "test" });
  expect(old.mayPost("driver.location")).toBe(true);
});

test.each([
  [undefined, "request_api_key_missing"],
  ["", "request_api_key_missing"],
  ["Bearer", "request_api_key_unknown"],
  ["Bearer three", "request_api_key_unknown"],
  ["one", "request_api_key_unknown"],
  ["Basic one", "request_api_key_unknown"],
  [`Bearer ${hashApiKey("one")}`, "request_api_key_unknown"],
  ["Bearer one two", "request_api_key_unknown"],
  [`Bearer ${"x".repeat(5_000)}`, "request_api_key_unknown"],
  ["Bearer revoked", "request_api_key_revoked"],
  ["Bearer expired", "request_api_key_expired"],
  ["Bearer eyJhbGciOiJub25lIn0.e30.", "request_device_token_invalid"],
])("%s is refused as %s", async (authorization, code) => {
  const identify = await open(
    entryOf("one"),
    entryOf("revoked", { revoked_at: "2026-01-01T00:00:00Z", expires_at: "2025-01-01T00:00:00Z" }),
    entryOf("expired", { expires_at: "2026-01-01T00:00:00+01:00" }),
  );
  await expect((async () => identify(authorization))()).rejects.toEqual(refusal(code));
});

test("a key ends at its time, with the clock and without a change of the file", async () => {
  let now = Date.parse("2026-11-22T12:00:00Z");
  await writeKeys(dir.path("keys.json"), entryOf("one", { expires_at: "2026-11-22T12:00:01Z" }));
  identity = await startIdentity({ apiKeysFile: dir.path("keys.json") }, { now: () => now });
  expect(identity.identify("Bearer one")).toMatchObject({ name: "app of one" });
  now += 1_000;
  expect(() => identity.identify("Bearer one")).toThrow(refusal("request_api_key_expired"));
});

test("two keys of an app are valid at a rotation", async () => {
  const identify = await open(entryOf("one", { name: "app" }), entryOf("two", { name: "app" }));
  expect([identify("Bearer one").name, identify("Bearer two").name]).toEqual(["app", "app"]);
});

test("a refusal does not repeat the key", async () => {
  const identify = await open();
  const { text } = makeApiKey("live");
  expect(() => identify(`Bearer ${text}`)).toThrow(refusal("request_api_key_unknown"));
  expect(() => identify(`Bearer ${text}`)).not.toThrow(text.slice(8, 20));
});

test("a change of the file takes effect; a broken file changes nothing, is told with its line, and quotes nothing", async () => {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => lines.push(line) });
  const metrics = createMetrics();
  const file = dir.path("keys.json");
  await writeKeys(file, entryOf("old"));
  identity = await startIdentity({ apiKeysFile: file }, { log, metrics });
  const identify = (key: string) => identity.identify(`Bearer ${key}`) as Sender;
  expect(identify("old").name).toBe("app of old");

  await writeKeys(file, entryOf("old", { revoked_at: "2026-11-22T12:00:00Z" }), entryOf("new"));
  await eventually(() => {
    try {
      return identify("old") === undefined;
    } catch (error) {
      return (error as { code?: string }).code === "request_api_key_revoked";
    }
  });
  expect(identify("new").name).toBe("app of new");

  const broken: readonly [text: string, expected: string][] = [
    ['[\n  {\n    "name":', "line 3: this is not JSON"],
    ['[\n  { "name": "a",\n    "sha256": hs_live_secret }\n]', "line 3: this is not JSON"],
    ['[\n  { "name": "a",\n    "sha256": "hs_live_secret" }\n]', "line 3: /0/sha256: expected 64 hex digits"],
    [
      `[\n  { "name": "a", "revokd_at": 1,\n "sha256": "${hashApiKey("a")}" }\n]`,
      'line 2: /0: Unrecognized key: "revokd_at"',
    ],
    [`[\n${[1, 2].map(() => JSON.stringify(entryOf("a"))).join(",\n")}]`, "another entry has the same id"],
  ];
  for (const [text, expected] of broken) {
    lines.length = 0;
    await writeFile(dir.path("next.json"), text);
    await rename(dir.path("next.json"), file);
    await eventually(() => lines.length > 0);
    expect(lines[0]).toContain(file);
    expect((JSON.parse(lines[0] ?? "{}") as { msg: string }).msg).toContain(expected);
    expect(lines.join("")).not.toContain("hs_live_secret");
    expect(identify("new").name).toBe("app of new");
    expect(await metrics.registry.metrics()).toContain('hailstream_ingest_identity_file_broken{file="API keys"} 1');
  }

  await writeKeys(file, entryOf("newest"));
  await eventually(() => {
    try {
      return identify("newest").name === "app of newest";
    } catch {
      return false;
    }
  });
  expect(await metrics.registry.metrics()).toContain('hailstream_ingest_identity_file_broken{file="API keys"} 0');
});

test("a missing or malformed file does not start", async () => {
  const start = (apiKeysFile: string) => startIdentity({ apiKeysFile });
  await expect(start(dir.path("none.json"))).rejects.toEqual(refusal("api_keys_unreadable"));
  await writeFile(dir.path("bad.json"), '[{"name":"a","sha256":"short"}]');
  await expect(start(dir.path("bad.json"))).rejects.toEqual(refusal("api_keys_unreadable"));
});

test("without a file everyone may post, and nobody gets tokens", async () => {
  identity = await startIdentity({});
  expect(identity.identify(undefined)).toMatchObject({ name: "anonymous" });
  expect(() => identity.minterOf("Bearer x")).toThrow(refusal("device_tokens_off"));
});

test("a new key is 256 random bits behind its stage, and its id is the beginning", () => {
  const made = [makeApiKey("live"), makeApiKey("live"), makeApiKey("test")];
  expect(made[0]?.text).toMatch(/^hs_live_[0-9A-Za-z]{43}$/);
  expect(made[2]?.text).toMatch(/^hs_test_[0-9A-Za-z]{43}$/);
  expect(new Set(made.map(({ text }) => text)).size).toBe(3);
  for (const { id, text } of made) expect(text.startsWith(id) && id.length === 16).toBe(true);
});
