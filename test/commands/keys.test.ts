import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { add } from "../../commands/keys.ts";
import { hashApiKey } from "../../ingest/identity/api-key.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hailstream-keys-"));
});
afterEach(() => rm(dir, { recursive: true }));

const file = () => join(dir, "keys.json");

async function runIn(env: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  let code = 0;
  add(program, { env, stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["keys", ...words], { from: "user" });
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}
const run = (...words: readonly string[]) => runIn({}, ...words, "--keys-file", file());
const runJson = async (...words: readonly string[]) =>
  JSON.parse((await run(...words, "--json")).out) as Record<string, unknown> & { id: string; key: string };

test("create shows the key once: on standard output, with the words beside it, and its hash in the file", async () => {
  const { code, out, err } = await run("create", "--name", "driver-app", "--scopes", "driver.*, safety.sos");
  expect(code).toBe(0);
  const key = /^id {3}(hs_live_\w{8})\nkey {2}(\1\w{35})\n$/.exec(out)?.[2] ?? "";
  expect(err).toContain("not shown again");
  expect(err).not.toContain(key);
  const kept = await readFile(file(), "utf8");
  expect(kept).toContain(hashApiKey(key));
  expect(kept).not.toContain(key);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  for (const command of [["list"], ["show", "driver-app"], ["list", "--json"]]) {
    const listed = await run(...command);
    expect(listed.out).toContain("driver.*");
    expect(listed.out).not.toContain(key.slice(16));
  }
});

test("create, rotate, revoke, list as JSON", async () => {
  const first = await runJson("create", "--name", "app", "--stage", "test", "--mint", "--expires-in-ms", "60000");
  expect(first).toMatchObject({ name: "app", stage: "test", state: "valid", scopes: ["*"], mint: true });
  const second = await runJson("rotate", "app", "--grace-ms", "0");
  expect(second).toMatchObject({ stage: "test", mint: true, old: { id: first.id, state: "expired" } });
  const third = await runJson("rotate", "app");
  expect(third).toMatchObject({ old: { id: second.id, state: "valid" } });
  expect(await runJson("revoke", second.id)).toMatchObject({ id: second.id, state: "revoked" });
  const list = (await runJson("list")) as unknown as { id: string; state: string }[];
  expect(list.map(({ id, state }) => [id, state])).toEqual([
    [first.id, "expired"],
    [second.id, "revoked"],
    [third.id, "valid"],
  ]);
});

test.each([
  ["api_key_not_found", ["revoke", "nobody"]],
  ["api_key_exists", ["create", "--name", "app"]],
  ["api_key_ambiguous", ["rotate", "two"]],
])("%s is refused with exit code 2", async (code, words) => {
  const sha256 = (text: string) => hashApiKey(text);
  const entries = [
    { name: "app", stage: "live", sha256: sha256("1") },
    { name: "two", sha256: sha256("2") },
    { name: "two", sha256: sha256("3") },
  ];
  await writeFile(file(), JSON.stringify(entries));
  const refused = await run(...words, "--json");
  expect(refused.code).toBe(2);
  expect(JSON.parse(refused.out)).toMatchObject({ refused: code });
  expect(refused.err).toContain(`[${code}]`);
  expect(await readFile(file(), "utf8")).toBe(JSON.stringify(entries));
});

test.each([
  [["create", "--name", "a b"], "--name"],
  [["create", "--name", "a", "--stage", "prod"], "--stage"],
  [["create", "--name", "a", "--scopes", "trip*"], "--scopes"],
  [["create", "--name", "a", "--expires-in-ms", "soon"], "--expires-in-ms"],
  [["rotate", "a", "--grace-ms", "-1"], "--grace-ms"],
])("%j is refused, naming the option", async (words, flag) => {
  await writeFile(file(), "[]");
  await expect(run(...words)).rejects.toThrow(
    expect.objectContaining({ code: "option_invalid", message: expect.stringContaining(flag) }),
  );
});

test("a scope that holds no event type is told", async () => {
  const { code, err } = await run("create", "--name", "app", "--scopes", "driver.locaton,trip.*");
  expect(code).toBe(0);
  expect(err).toContain("driver.locaton holds no event type now. Did you mean driver.location?");
  expect(err).not.toContain("trip.*");
});

test("the file is that of the option, of the variable, or of the stack; the stack makes its own", async () => {
  await runIn({ HAILSTREAM_INGEST_API_KEYS_FILE: file() }, "create", "--name", "app");
  expect((await run("list")).out).toContain("app");
  const none = await runIn({}, "create", "--name", "app", "--data-dir", dir, "--json");
  expect([none.code, (JSON.parse(none.out) as { refused: string }).refused]).toEqual([2, "keys_file_missing"]);
  await writeFile(join(dir, "api-keys.json"), "[]");
  expect((await runIn({}, "create", "--name", "app", "--data-dir", dir)).code).toBe(0);
});

test("device keys and a token", async () => {
  await run("create", "--name", "backend", "--mint");
  expect((await run("token", "--subject", "drv_1")).code).toBe(2);
  const { kid } = await runJson("device-key", "create");
  expect((await stat(join(dir, "device-keys.json"))).mode & 0o777).toBe(0o600);
  const { out } = await run("token", "--subject", "drv_1", "--ttl-ms", "60000", "--scopes", "driver.*");
  const claims = JSON.parse(Buffer.from(out.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
  expect(claims).toMatchObject({ sub: "drv_1", app: "backend", scopes: ["driver.*"] });
  await expect(run("token", "--subject", "somebody")).rejects.toThrow("--subject");
  expect(await runJson("device-key", "list")).toMatchObject([{ kid, signs: true }]);
  expect((await run("device-key", "delete", "dev_other")).code).toBe(2);
  expect((await run("device-key", "delete", String(kid))).code).toBe(0);
  await expect(run("token", "--subject", "drv_1")).rejects.toThrow(
    expect.objectContaining({ code: "device_tokens_off" }),
  );
});
