import { type CryptoKey, createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { PipelineError } from "../../runtime/index.ts";
import { changeFile } from "./change-file.ts";
import { JsonProblem, readJson } from "./read-json.ts";

const bytes32 = z.string().regex(/^[\w-]{43}$/, "expected 32 bytes in base64url");

/** A JSON Web Key (RFC 8037). With `d` this server signs tokens by it; without, it only verifies what others sign. */
const deviceKey = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().min(1).max(100),
  alg: z.literal("EdDSA").optional(),
  use: z.literal("sig").optional(),
  x: bytes32,
  d: bytes32.optional(),
  created_at: z.iso.datetime({ offset: true }).optional(),
});

const deviceKeysShape = z.strictObject({ keys: z.array(deviceKey).max(100) });

export type DeviceKey = z.output<typeof deviceKey>;

/** The keys of one version of the file. */
export type DeviceKeys = {
  /** Finds the public key that a token names. */
  readonly find: JWTVerifyGetKey;
  /** Those that can sign, in the order of the file. */
  readonly signers: readonly Signer[];
};
export type Signer = { readonly kid: string; readonly createdAt: number; readonly key: CryptoKey };

/** @throws JsonProblem */
export function readDeviceKeys(text: string): readonly DeviceKey[] {
  const { keys } = readJson(text, deviceKeysShape);
  const kids = new Set(keys.map(({ kid }) => kid));
  if (kids.size < keys.length) throw new JsonProblem(1, "two keys have the same kid");
  return keys;
}

export async function prepareDeviceKeys(keys: readonly DeviceKey[]): Promise<DeviceKeys> {
  const verifying = keys.map(({ kty, crv, kid, x }) => ({ kty, crv, kid, x, alg: "EdDSA", use: "sig" }));
  const signers: Signer[] = [];
  for (const { kty, crv, kid, x, d, created_at } of keys) {
    if (d === undefined) continue;
    const key = (await importJWK({ kty, crv, x, d }, "EdDSA")) as CryptoKey;
    signers.push({ kid, key, createdAt: created_at === undefined ? 0 : Date.parse(created_at) });
  }
  return { find: createLocalJWKSet({ keys: verifying }), signers };
}

/** A new key signs only after every process has had the time to read it. */
const settleMs = 60_000;

/** The newest key that every process knows by now; when none is that old, the first one. */
export function signerOf({ signers }: DeviceKeys, now: number): Signer | undefined {
  return signers.findLast(({ createdAt }) => createdAt <= now - settleMs) ?? signers[0];
}

/** Adds a key pair to the file, which is made if it is not there. */
export async function createDeviceKey(file: string, now: Date): Promise<DeviceKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const { x, d } = await exportJWK(privateKey);
  const created_at = now.toISOString();
  const kid = `dev_${x?.slice(0, 8)}`;
  const made = deviceKey.parse({ kty: "OKP", crv: "Ed25519", kid, alg: "EdDSA", use: "sig", x, d, created_at });
  return changeFile(file, async (text) => {
    const keys = text === undefined ? [] : readDeviceKeysOf(file, text);
    return { text: textOf([...keys, made]), result: made };
  });
}

/** Takes a key out: the tokens that it signed end. @throws PipelineError device_key_not_found */
export async function deleteDeviceKey(file: string, kid: string): Promise<void> {
  await changeFile(file, async (text) => {
    const keys = text === undefined ? [] : readDeviceKeysOf(file, text);
    const left = keys.filter((key) => key.kid !== kid);
    if (left.length === keys.length) throw new PipelineError("device_key_not_found", { fields: { kid } });
    return { text: textOf(left), result: undefined };
  });
}

/** @throws PipelineError device_keys_unreadable */
export function readDeviceKeysOf(file: string, text: string): readonly DeviceKey[] {
  try {
    return readDeviceKeys(text);
  } catch (cause) {
    throw new PipelineError("device_keys_unreadable", { cause, fields: { file } });
  }
}

function textOf(keys: readonly DeviceKey[]): string {
  return `${JSON.stringify({ keys }, undefined, 2)}\n`;
}
