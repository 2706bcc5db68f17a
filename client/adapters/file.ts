import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "../ports.ts";

/** Storage in a folder, for Node and Electron. The folder belongs to one process. */
export function fileStorage(folder: string): Storage {
  const made = mkdir(folder, { recursive: true });
  // Who waits for it sees the failure.
  made.catch(() => undefined);
  const put = async (path: string, text: string, flags: "a" | "w") => {
    await made;
    const file = await open(path, flags);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
  };
  return {
    async list() {
      await made;
      return (await readdir(folder)).filter((name) => !name.endsWith(".new"));
    },
    async read(name) {
      try {
        return await readFile(join(folder, name), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
        throw error;
      }
    },
    append: (name, text) => put(join(folder, name), text, "a"),
    async write(name, text) {
      await put(join(folder, `${name}.new`), text, "w");
      await rename(join(folder, `${name}.new`), join(folder, name));
    },
    remove: (name) => rm(join(folder, name), { force: true }),
  };
}
