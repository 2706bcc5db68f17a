import { hash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { createService, type Logger, messageOf, PipelineError, type Service } from "../../runtime/index.ts";

/** Who may post. The keys themselves are never in memory longer than a request, nor in any log: only their hashes are kept. */
export type ApiKeys = Service & {
  /**
   * The name of the app that an Authorization header belongs to. The key is looked up by its hash, so the time taken tells
   * nothing about how much of a guessed key is right.
   * @throws PipelineError request_api_key_missing, request_api_key_unknown
   */
  nameOf(authorization: string | undefined): string;
};

const entries = z.array(
  z.object({ name: z.string().min(1).max(100), sha256: z.string().regex(/^[0-9a-f]{64}$/i, "expected 64 hex digits") }),
);

const bearer = /^Bearer +(\S{1,500}) *$/i;

/** The keys by their hash. Several entries may share a name: that is how a key is exchanged for a new one. */
export function parseApiKeys(json: string): ReadonlyMap<string, string> {
  return new Map(entries.parse(JSON.parse(json)).map(({ name, sha256 }) => [sha256.toLowerCase(), name]));
}

/** The SHA-256 of a key as the keys file holds it. */
export function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}

/** @see ApiKeys.nameOf */
export function appOf(keys: ReadonlyMap<string, string>, authorization: string | undefined): string {
  const fields = { header: "Authorization", expected: "Bearer KEY" };
  if (authorization === undefined || authorization === "")
    throw new PipelineError("request_api_key_missing", { fields });
  const key = bearer.exec(authorization)?.[1];
  const name = key === undefined ? undefined : keys.get(hashApiKey(key));
  if (name === undefined) throw new PipelineError("request_api_key_unknown", { fields });
  return name;
}

/** Everyone may post, without a name. */
export function allowEveryone(): ApiKeys {
  const service = createService({ name: "api keys", start: () => undefined, stop: () => undefined });
  return { ...service, nameOf: () => "anonymous" };
}

/**
 * Keys from a file that is read again when its time of change or its size changes, looked at every `checkEveryMs`. A file that
 * cannot be read later on keeps the last good keys and is logged: a half-written file must not lock everyone out.
 * `start` throws PipelineError api_keys_unreadable.
 */
export function createApiKeys(parts: {
  readonly file: string;
  readonly log: Logger;
  readonly checkEveryMs?: number;
}): ApiKeys {
  const { file, log } = parts;
  let keys: ReadonlyMap<string, string> = new Map();
  let version = "";
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> | undefined;

  async function load(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const found = `${mtimeMs}/${size}/${ino}`;
      if (found === version) return;
      keys = parseApiKeys(await readFile(file, "utf8"));
      version = found;
    } catch (cause) {
      throw new PipelineError("api_keys_unreadable", { cause, fields: { file, option: "--ingest-api-keys-file" } });
    }
  }

  const service = createService({
    name: "api keys",
    async start() {
      await load();
      timer = setInterval(() => {
        checking = load().catch((error: unknown) =>
          log.error(`the last good API keys stay in use: ${messageOf(error)}`),
        );
      }, parts.checkEveryMs ?? 2_000).unref();
    },
    async stop() {
      clearInterval(timer);
      await checking;
    },
  });
  return { ...service, nameOf: (authorization) => appOf(keys, authorization) };
}
