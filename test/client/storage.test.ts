import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AsyncStorageLike, asyncStorage } from "../../client/adapters/async-storage.ts";
import { fileStorage } from "../../client/adapters/file.ts";
import { createClient, memoryStorage, type Storage } from "../../client/index.ts";
import { answerAll } from "./device.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hailstream-sdk-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What React Native's package does, over a map. */
function asyncStore(items: Map<string, string>): AsyncStorageLike {
  return {
    getAllKeys: async () => [...items.keys()],
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
  };
}

/** Each makes what opens the same storage anew, as a restart of the app does. */
const storages: Readonly<Record<string, () => () => Storage>> = {
  memory: () => {
    const files = new Map<string, string>();
    return () => memoryStorage(files);
  },
  files: () => {
    const mine = join(folder, Math.random().toString(36).slice(2), "deeper");
    return () => fileStorage(mine);
  },
  AsyncStorage: () => {
    const items = new Map([["another:item", "of the app"]]);
    return () => asyncStorage(asyncStore(items));
  },
};

describe.each(Object.entries(storages))("storage in %s", (_name, make) => {
  test("keeps what is appended and written over a restart, and forgets what is removed", async () => {
    const open = make();
    const first = open();
    expect(await first.list()).toEqual([]);
    expect(await first.read("n0")).toBe("");
    await first.remove("n0");
    await first.append("n0", "one é🚕\n");
    await first.append("n0", "two\n");
    await first.write("dropped", "first, and long");
    await first.write("dropped", "second");
    await first.append("n0.ack", "0\n");
    const second = open();
    expect([...(await second.list())].sort()).toEqual(["dropped", "n0", "n0.ack"]);
    expect(await second.read("n0")).toBe("one é🚕\ntwo\n");
    expect(await second.read("dropped")).toBe("second");
    await second.append("n0", "three\n");
    expect(await open().read("n0")).toBe("one é🚕\ntwo\nthree\n");
    await second.remove("n0");
    expect(await second.read("n0")).toBe("");
    expect(await second.read("n0.ack")).toBe("0\n");
    await second.append("n0", "new\n");
    expect(await open().read("n0")).toBe("new\n");
  });

  test("keeps the events of a client that went without a goodbye, in order", async () => {
    const open = make();
    const options = { url: "http://ingest", key: "key", source: "/apps/test" };
    const first = createClient<{ trip: { n: number } }>({ ...options, storage: open(), consent: "pending" });
    const kept = Array.from({ length: 500 }, (_, n) => first.track("trip", { n }).kept);
    expect(new Set(await Promise.all(kept))).toEqual(new Set(["stored"]));
    const bodies: string[] = [];
    const accept = answerAll("accepted", 202);
    const second = createClient({
      ...options,
      storage: open(),
      network: (request) => {
        bodies.push(request.body);
        return accept(request);
      },
    });
    await second.close();
    const numbers = bodies.flatMap((body) => (JSON.parse(body) as { data: { n: number } }[]).map(({ data }) => data.n));
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, n) => n));
    expect((await open().list()).filter((name) => name !== "dropped")).toEqual([]);
  });
});
