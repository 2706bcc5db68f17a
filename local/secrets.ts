import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const secretsShape = z.object({
  apiKey: z.string(),
  postgres: z.object({
    superuser: z.string(),
    owner: z.string(),
    sink: z.string(),
    analyst: z.string(),
    apicurio: z.string(),
  }),
  /** Who signs in to the console with it may act; with the other one only look. */
  console: z.object({ operate: z.string(), view: z.string() }),
});

/** The passwords and the API key of one stack. */
export type Secrets = z.output<typeof secretsShape>;

/**
 * The secrets of a data directory, made at the first call and kept in `secrets.json`, readable by its owner only. The hash
 * of the API key goes into `api-keys.json`, which is all that the ingest service reads.
 */
export function loadSecrets(dataDir: string): Secrets {
  const file = secretsFile(dataDir);
  if (existsSync(file)) return readSecrets(file);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const secrets: Secrets = {
    apiKey: `hs_test_${text(32)}`,
    postgres: { superuser: text(18), owner: text(18), sink: text(18), analyst: text(18), apicurio: text(18) },
    console: newConsoleKeys(),
  };
  const sha256 = createHash("sha256").update(secrets.apiKey).digest("hex");
  const id = secrets.apiKey.slice(0, "hs_test_".length + 8);
  const created_at = new Date().toISOString();
  writeWhole(apiKeysFile(dataDir), [{ id, name: "demo", stage: "test", sha256, mint: true, created_at }]);
  // Last, for its presence says that the first start came this far.
  writeWhole(file, secrets);
  return secrets;
}

/** Those of a directory that was made before there was a console get its keys now. */
function readSecrets(file: string): Secrets {
  const found: unknown = JSON.parse(readFileSync(file, "utf8"));
  const complete = secretsShape.safeParse(found);
  if (complete.success) return complete.data;
  const older = secretsShape.omit({ console: true }).parse(found);
  const secrets = { ...older, console: newConsoleKeys() };
  writeWhole(file, secrets);
  return secrets;
}

const newConsoleKeys = () => ({ operate: `hs_operate_${text(16)}`, view: `hs_view_${text(16)}` });

export const secretsFile = (dataDir: string) => join(dataDir, "secrets.json");
/** What ingest knows of the API keys: names, rights and SHA-256 hashes. */
export const apiKeysFile = (dataDir: string) => join(dataDir, "api-keys.json");
/** The key pairs that sign and verify device tokens. */
export const deviceKeysFile = (dataDir: string) => join(dataDir, "device-keys.json");

const text = (bytes: number) => randomBytes(bytes).toString("hex");

function writeWhole(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
