import type { Storage } from "../ports.ts";

/** Storage that is gone with the process: for tests, and where a platform has none. */
export function memoryStorage(files: Map<string, string> = new Map()): Storage {
  return {
    list: async () => [...files.keys()],
    read: async (name) => files.get(name) ?? "",
    append: async (name, text) => void files.set(name, (files.get(name) ?? "") + text),
    write: async (name, text) => void files.set(name, text),
    remove: async (name) => void files.delete(name),
  };
}
