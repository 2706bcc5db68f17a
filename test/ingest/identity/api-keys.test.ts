import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appOf, createApiKeys, hashApiKey, parseApiKeys } from "../../../ingest/identity/api-keys.ts";
import { silentLogger } from "../../../runtime/index.ts";
import { eventually } from "../../support/wait.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-keys-"));
});
afterEach(() => rm(dir, { recursive: true }));

const fileOf = (...keys: string[]) =>
  JSON.stringify(keys.map((key) => ({ name: `app of ${key}`, sha256: hashApiKey(key) })));

test("a key is known by its hash", () => {
  const keys = parseApiKeys(fileOf("hsk_one", "hsk_two"));
  expect(appOf(keys, "Bearer hsk_two")).toBe("app of hsk_two");
  expect(appOf(keys, "bearer  hsk_one ")).toBe("app of hsk_one");
});

test.each([
  [undefined, "request_api_key_missing"],
  ["", "request_api_key_missing"],
  ["Bearer", "request_api_key_unknown"],
  ["Bearer hsk_three", "request_api_key_unknown"],
  ["hsk_one", "request_api_key_unknown"],
  ["Basic hsk_one", "request_api_key_unknown"],
  [`Bearer ${hashApiKey("hsk_one")}`, "request_api_key_unknown"],
  ["Bearer hsk_one hsk_two", "request_api_key_unknown"],
])("%s is %s", (authorization, code) => {
  const keys = parseApiKeys(fileOf("hsk_one", "hsk_two"));
  expect(() => appOf(keys, authorization)).toThrow(expect.objectContaining({ code }));
});

test("the refusal does not repeat the key", () => {
  expect(() => appOf(new Map(), "Bearer hsk_secret")).not.toThrow("hsk_secret");
});

test("a changed file takes effect, a broken one changes nothing", async () => {
  const file = join(dir, "keys.json");
  await writeFile(file, fileOf("hsk_old"));
  const keys = createApiKeys({ file, log: silentLogger, checkEveryMs: 5 });
  await keys.start(() => undefined);
  try {
    expect(keys.nameOf("Bearer hsk_old")).toBe("app of hsk_old");
    await writeFile(file, fileOf("hsk_new", "hsk_newer"));
    await eventually(() => keys.nameOf("Bearer hsk_new") === "app of hsk_new");
    expect(() => keys.nameOf("Bearer hsk_old")).toThrow(expect.objectContaining({ code: "request_api_key_unknown" }));
    await writeFile(file, '[{"name":');
    await writeFile(join(dir, "other"), "");
    expect(keys.nameOf("Bearer hsk_newer")).toBe("app of hsk_newer");
  } finally {
    await keys.stop();
  }
});

test("a missing or malformed file does not start", async () => {
  const start = (file: string) => createApiKeys({ file, log: silentLogger }).start(() => undefined);
  await expect(start(join(dir, "none.json"))).rejects.toMatchObject({ code: "api_keys_unreadable" });
  await writeFile(join(dir, "bad.json"), '[{"name":"a","sha256":"short"}]');
  await expect(start(join(dir, "bad.json"))).rejects.toMatchObject({ code: "api_keys_unreadable" });
});
