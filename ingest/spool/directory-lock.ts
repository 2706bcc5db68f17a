import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { PipelineError } from "../../runtime/index.ts";

/** A directory that belongs to this process until it gives it back or ends, however it ends. */
export type DirectoryLock = { release(): Promise<void> };

const tryEveryMs = 50;

/**
 * Takes the directory for this process alone. A process that is about to end may still hold it, hence the patience.
 *
 * Linux only; elsewhere nothing is checked. The lock is a socket in the abstract name space, which the kernel takes back from a dead process at once,
 * so there is no file that a killed process leaves behind. Processes in other containers are not seen.
 * @throws PipelineError spool_in_use
 */
export async function lockDirectory(dir: string, patienceMs = 5_000): Promise<DirectoryLock> {
  if (process.platform !== "linux") return { release: async () => undefined };
  const name = createHash("sha256")
    .update(await realpath(dir))
    .digest("hex")
    .slice(0, 40);
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const server = await listen(`\0hailstream-spool-${name}`);
    if (server !== undefined) {
      return { release: () => new Promise((resolve) => void server.close(() => resolve())) };
    }
    if (Date.now() >= deadline) throw new PipelineError("spool_in_use", { fields: { dir } });
    await new Promise((resolve) => setTimeout(resolve, tryEveryMs));
  }
}

function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    // Exclusive: else the first process of several would listen for all of them, and hold the lock of one that has died.
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}
