import { constants } from "node:fs";
import { access, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { messageOf, PipelineError } from "../../runtime/index.ts";
import type { LakeStorage } from "./storage.ts";

/** What no later try mends. */
const refusals = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENAMETOOLONG"]);

/** The lake in a folder of this machine, or of a file system that is mounted here. */
export function createFolderStorage(root: string): LakeStorage {
  const at = (path: string) => join(root, path);
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof PipelineError) throw cause;
      const refused = refusals.has((cause as NodeJS.ErrnoException).code ?? "");
      const code = refused ? "lake_storage_refused" : "lake_storage_unavailable";
      throw new PipelineError(code, { cause, fields: { storage: root, reason: messageOf(cause) } });
    }
  };

  return {
    name: root,
    check: () =>
      attempt(async () => {
        await mkdir(root, { recursive: true });
        await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
      }),
    put: (path, bytes) =>
      attempt(async () => {
        await makeFolder(dirname(at(path)));
        await withFile(at(path), "w", async (file) => {
          await file.writeFile(bytes);
          await file.sync();
        });
        await syncFolder(dirname(at(path)));
      }),
    move: (from, to) =>
      attempt(async () => {
        await makeFolder(dirname(at(to)));
        try {
          await rename(at(from), at(to));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
          if (!(await exists(at(to)))) throw new PipelineError("lake_file_missing", { fields: { path: to } });
        }
        await syncFolder(dirname(at(to)));
      }),
    remove: (path) => attempt(() => rm(at(path), { force: true })),
    list: (folder) =>
      attempt(async () => {
        const options = { recursive: true, withFileTypes: true } as const;
        const entries = await readdir(at(folder), options).catch((error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return [];
          throw error;
        });
        const files = entries.filter((entry) => entry.isFile());
        return files.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
      }),
  };
}

/** A new folder's name stands in the folder above it, which must reach the disk too. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  await withFile(folder, "r", (handle) => handle.sync());
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
