import type { Storage } from "../ports.ts";

/** What is used of `@react-native-async-storage/async-storage`. */
export type AsyncStorageLike = {
  getAllKeys(): Promise<readonly string[]>;
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<void>;
  removeItem(key: string): Promise<void>;
};

/** Storage in React Native's AsyncStorage. It cannot append, so each appended text is an item of its own, numbered. */
export function asyncStorage(store: AsyncStorageLike, prefix = "hailstream"): Storage {
  const counts = new Map<string, number>();
  const keyOf = (name: string, part: number) => `${prefix}:${name}:${String(part).padStart(9, "0")}`;
  const keysOf = async (name: string) =>
    (await store.getAllKeys()).filter((key) => key.startsWith(`${prefix}:${name}:`)).sort();
  const partOf = (key: string) => Number(key.slice(key.lastIndexOf(":") + 1));
  return {
    async list() {
      const keys = (await store.getAllKeys()).filter((key) => key.startsWith(`${prefix}:`));
      return [...new Set(keys.map((key) => key.slice(prefix.length + 1, key.lastIndexOf(":"))))];
    },
    async read(name) {
      let text = "";
      for (const key of await keysOf(name)) text += (await store.getItem(key)) ?? "";
      return text;
    },
    async append(name, text) {
      const last = counts.get(name) ?? partOf((await keysOf(name)).at(-1) ?? ":-1");
      counts.set(name, last + 1);
      await store.setItem(keyOf(name, last + 1), text);
    },
    write: (name, text) => store.setItem(keyOf(name, 0), text),
    async remove(name) {
      // The last first: a kill in between leaves a beginning, never a hole.
      for (const key of (await keysOf(name)).reverse()) await store.removeItem(key);
      counts.delete(name);
    },
  };
}
