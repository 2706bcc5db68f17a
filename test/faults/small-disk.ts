import { execFile } from "node:child_process";
import { cpSync, mkdirSync, renameSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A file system of its own in memory, which can be full. */
export type SmallDisk = {
  /** Leaves no room for anything more. Gives how many bytes lie on it. */
  fill(): Promise<number>;
  /** There is room again. */
  free(): Promise<void>;
  /** Takes it away with all that lies on it. @param keepData leaves a copy in its place */
  close(keepData: boolean): Promise<void>;
};

/** A disk that is written to meanwhile is fuller than it was when it was asked. */
const fillAttempts = 20;

/** Mounts a disk at the path, which is made. Undefined where that is not permitted: it takes the rights of root. */
export async function openSmallDisk(path: string, bytes: number): Promise<SmallDisk | undefined> {
  mkdirSync(path, { recursive: true });
  const mounted = await run("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", path]).then(
    () => true,
    () => false,
  );
  if (!mounted) return undefined;
  const resize = (size: number) => run("mount", ["-o", `remount,size=${size}`, path]);
  return {
    async fill() {
      for (let attempt = 1; ; attempt += 1) {
        const { blocks, bfree, bsize } = await statfs(path);
        // Nothing at all would stand for no limit.
        const used = Math.max(1, blocks - bfree) * bsize;
        try {
          await resize(used);
          return used;
        } catch (error) {
          if (attempt === fillAttempts) throw error;
        }
      }
    },
    async free() {
      await resize(bytes);
    },
    async close(keepData) {
      if (keepData) cpSync(path, `${path}.kept`, { recursive: true });
      // Lazily: what is still open does not keep it.
      await run("umount", ["--lazy", path]);
      if (keepData) renameSync(`${path}.kept`, `${path}/kept`);
    },
  };
}
