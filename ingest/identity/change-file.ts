import { constants } from "node:fs";
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { PipelineError } from "../../runtime/index.ts";

/**
 * Replaces the text of a small file that others read at any time: they see the old text or the new one, whole, also after a power
 * cut. Two changes at the same time do not lose one another. A new file is for its owner only (mode 0600); of an
 * existing one the owner stays, and whatever rights others had beyond the group's reading end.
 *
 * @param change gets the text, undefined when there is no file yet. When it throws, nothing is changed.
 * @throws PipelineError keys_file_locked
 */
export async function changeFile<T>(
  file: string,
  change: (text: string | undefined) => Promise<{ readonly text: string; readonly result: T }>,
): Promise<T> {
  // A link stays a link.
  const target = await realpath(file).catch(() => file);
  const next = `${target}.new`;
  // The next version is also the lock: whoever made it is the only one who changes.
  const handle = await lock(next);
  try {
    const { text, result } = await change(await readIfThere(target));
    await handle.writeFile(text);
    await keepOwner(handle, target);
    await handle.sync();
    await handle.close();
    await rename(next, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(next, { force: true });
    throw error;
  }
}

async function lock(next: string): Promise<FileHandle> {
  const tries = 20;
  for (let i = 0; ; i++) {
    try {
      return await open(next, "wx", 0o600);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      if (i === tries) throw new PipelineError("keys_file_locked", { cause: error, fields: { file: next } });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function keepOwner(handle: FileHandle, target: string): Promise<void> {
  const old = await stat(target).catch(() => undefined);
  if (old === undefined) return;
  const mine = await handle.stat();
  // Root changes the file of the user under whom ingest runs: it must stay readable for it.
  if (mine.uid !== old.uid || mine.gid !== old.gid) await handle.chown(old.uid, old.gid).catch(() => undefined);
  await handle.chmod(0o600 | (old.mode & constants.S_IRGRP));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
