import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { hashApiKey } from "../../../ingest/identity/api-key.ts";
import { changeFile } from "../../../ingest/identity/change-file.ts";
import { createKey, findKey, type NewKey, readKeys, revokeKey, rotateKey } from "../../../ingest/identity/keys-file.ts";
import { entryOf, useDirectory, writeKeys } from "./files.ts";

const dir = useDirectory();
const file = () => dir.path("keys.json");
const at = new Date("2026-11-22T12:00:00Z");
const wanted = (name: string, more: Partial<NewKey> = {}): NewKey => ({
  name,
  stage: "live",
  scopes: ["*"],
  mint: false,
  ...more,
});
const entries = async () => readKeys(await readFile(file(), "utf8"));
const refusal = (code: string) => expect.objectContaining({ code });

test("create keeps the hash and never the key, in a file for its owner only", async () => {
  const { text, entry } = await createKey(file(), wanted("driver-app", { scopes: ["driver.*"], mint: true }), at);
  const kept = await readFile(file(), "utf8");
  expect(kept).not.toContain(text);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await entries()).toEqual([entry]);
  expect(entry).toEqual({
    id: text.slice(0, 16),
    name: "driver-app",
    stage: "live",
    scopes: ["driver.*"],
    mint: true,
    sha256: hashApiKey(text),
    created_at: "2026-11-22T12:00:00.000Z",
  });
});

test("an app has one valid key a stage until it is rotated", async () => {
  const first = await createKey(file(), wanted("app"), at);
  await expect(createKey(file(), wanted("app"), at)).rejects.toEqual(refusal("api_key_exists"));
  await createKey(file(), wanted("app", { stage: "test" }), at);
  await revokeKey(file(), first.entry.id, at);
  await createKey(file(), wanted("app"), at);
  expect((await entries()).map(({ stage }) => stage)).toEqual(["live", "test", "live"]);
});

test("rotate adds a key with the same rights and gives the first an end", async () => {
  const first = await createKey(file(), wanted("app", { scopes: ["trip.*"], mint: true }), at);
  const { entry, old } = await rotateKey(file(), "app", 3_600_000, at);
  expect(old).toEqual({ ...first.entry, expires_at: "2026-11-22T13:00:00.000Z" });
  expect(entry).toMatchObject({ name: "app", stage: "live", scopes: ["trip.*"], mint: true });
  expect(entry).not.toHaveProperty("expires_at");
  expect(await entries()).toEqual([old, entry]);
  // An end that is sooner stays.
  const again = await rotateKey(file(), first.entry.id, 7_200_000, at);
  expect(again.old.expires_at).toBe("2026-11-22T13:00:00.000Z");
  await expect(rotateKey(file(), first.entry.id, 1, new Date("2026-11-22T13:00:00Z"))).rejects.toEqual(
    refusal("api_key_ended"),
  );
});

test("revoke keeps the entry and the first time of it", async () => {
  await createKey(file(), wanted("app"), at);
  const first = await revokeKey(file(), "app", at);
  const second = await revokeKey(file(), "app", new Date("2026-11-23T00:00:00Z"));
  expect([first.revoked_at, second.revoked_at]).toEqual(["2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.000Z"]);
  expect(await entries()).toHaveLength(1);
});

test("a key is found by id, or by a name that means one key", async () => {
  await writeKeys(
    file(),
    entryOf("a", { name: "app" }),
    entryOf("b", { name: "app" }),
    entryOf("c", { name: "old", revoked_at: "2026-01-01T00:00:00Z" }),
    entryOf("d", { name: "old" }),
  );
  const find = async (text: string) => findKey(await entries(), text, at.getTime()).id;
  expect([await find("id-of-b"), await find("old")]).toEqual(["id-of-b", "id-of-d"]);
  await expect(find("app")).rejects.toEqual(refusal("api_key_ambiguous"));
  await expect(find("nobody")).rejects.toEqual(refusal("api_key_not_found"));
  // A whole key, pasted by mistake, is not repeated.
  const pasted = `hs_live_${"k".repeat(43)}`;
  await expect(find(pasted)).rejects.not.toThrow(pasted);
});

test("a file of before is taken over with all its keys", async () => {
  await writeFile(file(), JSON.stringify([{ name: "demo", sha256: hashApiKey("hsk_demo") }]));
  await createKey(file(), wanted("new"), at);
  const [demo] = await entries();
  expect(demo).toMatchObject({
    name: "demo",
    sha256: hashApiKey("hsk_demo"),
    stage: "test",
    scopes: ["*"],
    mint: false,
  });
  expect(demo?.id).toBe(`key_${hashApiKey("hsk_demo").slice(0, 8)}`);
});

test("changes at the same time do not lose one another", async () => {
  await Promise.all(Array.from({ length: 10 }, (_, i) => createKey(file(), wanted(`app-${i}`), at)));
  expect((await entries()).map(({ name }) => name).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `app-${i}`));
});

test("a broken file is not overwritten, and a failed change leaves neither traces nor a lock", async () => {
  await writeFile(file(), "[{");
  await expect(createKey(file(), wanted("app"), at)).rejects.toEqual(refusal("api_keys_unreadable"));
  expect(await readFile(file(), "utf8")).toBe("[{");
  await expect(stat(`${file()}.new`)).rejects.toThrow("ENOENT");
});

test("a change that was killed is told by its file", async () => {
  await writeFile(`${file()}.new`, "");
  await expect(createKey(file(), wanted("app"), at)).rejects.toEqual(refusal("keys_file_locked"));
});

test("a link stays a link, and a group that may read still may", async () => {
  await writeKeys(dir.path("real.json"), entryOf("a"));
  await chmod(dir.path("real.json"), 0o644);
  await symlink(dir.path("real.json"), file());
  await changeFile(file(), async (text) => ({ text: `${text}\n`, result: undefined }));
  expect((await stat(dir.path("real.json"))).mode & 0o777).toBe(0o640);
  expect(await readFile(dir.path("real.json"), "utf8")).toMatch(/\n$/);
});
