import { readFile, stat } from "node:fs/promises";
import { createService, type Logger, messageOf, type PipelineError, type Service } from "../../runtime/index.ts";

export type WatchedFileParts = {
  readonly name: string;
  readonly file: string;
  readonly log: Logger;
  /** Takes what is in the file into use. Throws when it is wrong, and then changes nothing. */
  use(text: string): void | Promise<void>;
  /** What `start` throws, and what is logged later on. */
  unreadable(cause: unknown): PipelineError;
  /** Hears whether the newest version of the file is in use. */
  onState?(inUse: boolean): void;
  readonly checkEveryMs?: number;
};

/** Each process sees a change within this time, which is well below the minute that is promised. */
const standardCheckEveryMs = 2_000;

/**
 * A file that is read at the start, and again when its time of change, size or inode changes. Later on a file that cannot be
 * read or used is logged, once a version, and what was in use stays: a half-written file must not lock everyone out.
 */
export function createWatchedFile(parts: WatchedFileParts): Service {
  const { file } = parts;
  let seen = "";
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> | undefined;

  async function check(): Promise<void> {
    let version = "missing";
    try {
      // Looked at before it is read: a change in between is found the next time.
      const { mtimeMs, size, ino } = await stat(file);
      version = `${mtimeMs}/${size}/${ino}`;
      if (version === seen) return;
      await parts.use(await readFile(file, "utf8"));
      seen = version;
      parts.onState?.(true);
    } catch (cause) {
      if (version === seen) return;
      seen = version;
      parts.onState?.(false);
      throw parts.unreadable(cause);
    }
  }

  return createService({
    name: parts.name,
    async start() {
      await check();
      timer = setInterval(() => {
        checking ??= check()
          .catch((error: unknown) =>
            parts.log.error(`${parts.name}: the last good ones stay in use: ${messageOf(error)}`),
          )
          .finally(() => {
            checking = undefined;
          });
      }, parts.checkEveryMs ?? standardCheckEveryMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await checking;
    },
  });
}
