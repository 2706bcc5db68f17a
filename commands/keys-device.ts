import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "zod";
import { stateOf } from "../ingest/identity/api-key.ts";
import { scopes } from "../ingest/identity/scopes.ts";
import { PipelineError } from "../runtime/index.ts";
import { type AddPart, checked, type Tools } from "./keys-part.ts";

const tokenOptions = z.object({
  key: z.string().optional(),
  ttlMs: z.coerce.number().int().min(1_000).max(86_400_000),
  scopes: z
    .string()
    .transform((text) => text.split(",").map((one) => one.trim()))
    .pipe(scopes.min(1))
    .optional(),
});

/** `hailstream keys device-key …` and `hailstream keys token`. */
export function addDeviceKeys(group: Command, part: AddPart): void {
  const device = group.command("device-key").description("Manages the keys that sign device tokens.");
  const withFile = (command: Command) =>
    command.option("--device-keys-file <file>", "the file of the device keys; without it, beside that of the API keys");

  withFile(part("create", "Adds a key pair; it signs once every process has read it.", create, device));
  withFile(part("list", "Lists the key pairs.", list, device));
  withFile(part("delete <kid>", "Takes a key pair out: the tokens that it signed end.", remove, device));
  withFile(part("token", "Mints a device token, for a trial or a test.", mint))
    .requiredOption("--subject <id>", "whom it speaks for, such as drv_123")
    .option("--key <key>", "id or name of the API key that it belongs to; without it, the first that may mint")
    .option("--scopes <types>", "the event types it may post, of those that the key may")
    .option("--ttl-ms <n>", "how long it is valid [ms]", "900000");
}

async function create({ files, tell }: Tools): Promise<void> {
  const { createDeviceKey } = await import("../ingest/identity/device-keys.ts");
  const { kid, created_at } = await createDeviceKey(files.deviceKeys, new Date());
  tell({ kid, created_at, file: files.deviceKeys }, () => [kid]);
  tell.words(`${files.deviceKeys} holds the private key: every ingest process needs it, and nobody else.`);
}

async function list({ files, tell }: Tools): Promise<void> {
  const keys = (await readKeys(files.deviceKeys)).map(({ kid, d, created_at }) => ({
    kid,
    signs: d !== undefined,
    created_at,
  }));
  tell(keys, () =>
    keys.map(
      ({ kid, signs, created_at }) => `${kid}  ${signs ? "signs and verifies" : "verifies"}  ${created_at ?? ""}`,
    ),
  );
}

async function remove({ files, tell }: Tools, [kid]: readonly unknown[]): Promise<void> {
  const { deleteDeviceKey } = await import("../ingest/identity/device-keys.ts");
  await readKeys(files.deviceKeys);
  await deleteDeviceKey(files.deviceKeys, String(kid));
  tell({ deleted: kid }, () => []);
  tell.words(`${kid} is deleted; every ingest process refuses its tokens within seconds.`);
}

async function mint({ files, wanted, tell }: Tools): Promise<void> {
  const { signToken, tokenSubject } = await import("../ingest/identity/device-token.ts");
  const { prepareDeviceKeys } = await import("../ingest/identity/device-keys.ts");
  const { findKey } = await import("../ingest/identity/keys-file.ts");
  const { subject } = checked(z.object({ subject: tokenSubject }), wanted);
  const { key, ttlMs, scopes } = checked(tokenOptions, wanted);
  const entries = await files.read();
  const now = Date.now();
  const minting = entries.find((entry) => entry.mint && stateOf(entry, now) === "valid");
  const app = key === undefined ? minting : findKey(entries, key, now);
  if (app === undefined)
    throw new PipelineError("option_invalid", { message: "No API key may mint: name one by --key." });
  const keys = await prepareDeviceKeys(await readKeys(files.deviceKeys));
  const { token, expiresAt } = await signToken(keys, app, { subject, ttlSeconds: ttlMs / 1_000, scopes }, now);
  tell({ token, subject, key: app.id, expires_at: new Date(expiresAt).toISOString() }, () => [token]);
}

async function readKeys(file: string) {
  if (!existsSync(file)) throw new PipelineError("keys_file_missing", { fields: { file } });
  const { readDeviceKeysOf } = await import("../ingest/identity/device-keys.ts");
  return readDeviceKeysOf(file, await readFile(file, "utf8"));
}
