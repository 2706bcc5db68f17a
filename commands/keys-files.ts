import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { ApiKeyEntry } from "../ingest/identity/api-key.ts";
import { localOptions } from "../local/options.ts";
import { apiKeysFile, deviceKeysFile } from "../local/secrets.ts";
import { type OptionSource, PipelineError, readOptions } from "../runtime/index.ts";

/** The files that a keys command works on. */
export type KeyFiles = {
  /** @throws PipelineError keys_file_missing */
  existing(): string;
  /** A file that was named may be new; the local stack makes its own at its first start. @throws PipelineError keys_file_missing */
  forCreating(): string;
  /** @throws PipelineError keys_file_missing, api_keys_unreadable */
  read(): Promise<readonly ApiKeyEntry[]>;
  /** The file of the device keys, by the same rules. */
  readonly deviceKeys: string;
};

/** Named by an option, else by the variable that ingest reads, else of the local stack in `--data-dir`. */
export function keyFilesOf(
  wanted: { readonly keysFile?: string; readonly deviceKeysFile?: string },
  source: OptionSource,
): KeyFiles {
  const named = wanted.keysFile ?? source.env?.HAILSTREAM_INGEST_API_KEYS_FILE;
  const file = named ?? apiKeysFile(readOptions(localOptions, source).dataDir);
  const existing = () => {
    if (!existsSync(file)) throw new PipelineError("keys_file_missing", { fields: { file } });
    return file;
  };
  return {
    existing,
    forCreating: () => (named === undefined ? existing() : file),
    async read() {
      const { readKeysOf } = await import("../ingest/identity/keys-file.ts");
      return readKeysOf(existing(), await readFile(file, "utf8"));
    },
    deviceKeys:
      wanted.deviceKeysFile ?? source.env?.HAILSTREAM_INGEST_DEVICE_KEYS_FILE ?? deviceKeysFile(dirname(file)),
  };
}
