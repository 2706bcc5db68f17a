import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { hashApiKey } from "../../../ingest/identity/api-key.ts";
import { createIdentity, type Identity, type IdentityParts } from "../../../ingest/identity/identity.ts";
import { createMetrics, silentLogger } from "../../../runtime/index.ts";

/** A directory of its own for each test. */
export function useDirectory(): { readonly path: (name: string) => string } {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "hailstream-identity-"));
  });
  afterEach(() => rm(dir, { recursive: true }));
  return { path: (name) => join(dir, name) };
}

/** An entry of a keys file. */
export function entryOf(key: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id: `id-of-${key}`, name: `app of ${key}`, sha256: hashApiKey(key), ...more };
}

export async function writeKeys(file: string, ...entries: readonly Record<string, unknown>[]): Promise<void> {
  await writeFile(file, JSON.stringify(entries, undefined, 2));
}

/** An identity on files of these names, which are there already; the caller stops it. */
export async function startIdentity(
  files: { readonly apiKeysFile?: string; readonly deviceKeysFile?: string },
  more: Partial<Omit<IdentityParts, "options">> = {},
): Promise<Identity> {
  const { apiKeysFile, deviceKeysFile } = files;
  const identity = createIdentity({
    options: { apiKeysFile, deviceKeysFile, deviceTokenMaxMs: 3_600_000, deviceTokenCache: 100 },
    log: silentLogger,
    metrics: createMetrics(),
    now: Date.now,
    checkEveryMs: 5,
    ...more,
  });
  await identity.start(() => undefined);
  return identity;
}
