import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { importJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDeviceKey, type DeviceKey, deleteDeviceKey } from "../../../ingest/identity/device-keys.ts";
import type { Identity } from "../../../ingest/identity/identity.ts";
import type { Sender } from "../../../ingest/identity/sender.ts";
import { eventually } from "../../support/wait.ts";
import { entryOf, startIdentity, useDirectory, writeKeys } from "./files.ts";

const dir = useDirectory();
const start = Date.parse("2026-11-22T12:00:00Z");
const seconds = start / 1_000;
const keysFile = () => dir.path("keys.json");
const deviceKeysFile = () => dir.path("device-keys.json");
const minter = entryOf("minter", { id: "hs_live_mintmint", stage: "live", mint: true, scopes: ["driver.*", "trip.*"] });

let now = start;
let identity: Identity;
let deviceKey: DeviceKey;
beforeEach(async () => {
  now = start;
  await writeKeys(keysFile(), minter, entryOf("poster"));
  deviceKey = await createDeviceKey(deviceKeysFile(), new Date(start - 3_600_000));
  identity = await startIdentity({ apiKeysFile: keysFile(), deviceKeysFile: deviceKeysFile() }, { now: () => now });
});
afterEach(() => identity.stop());

const refusal = (code: string) => expect.objectContaining({ code });
const identify = async (token: string): Promise<Sender> => identity.identify(`Bearer ${token}`);
const mint = (wish: { subject?: string; ttlSeconds?: number; scopes?: readonly string[] } = {}) =>
  identity.minterOf("Bearer minter")({ subject: "drv_123", ttlSeconds: 900, ...wish });

const claims = (changes: JWTPayload = {}): JWTPayload => ({
  iss: "hailstream",
  aud: "hailstream",
  sub: "drv_123",
  app: "app of minter",
  key: "hs_live_mintmint",
  iat: seconds,
  exp: seconds + 900,
  ...changes,
});
const header = (changes: Partial<JWTHeaderParameters> = {}): JWTHeaderParameters => ({
  alg: "EdDSA",
  kid: deviceKey.kid,
  ...changes,
});
const sign = async (payload: JWTPayload, head: JWTHeaderParameters = header(), key: DeviceKey = deviceKey) =>
  new SignJWT(payload).setProtectedHeader(head).sign(await importJWK(privateJwk(key), "EdDSA"));

const privateJwk = ({ x, d = "" }: DeviceKey) => ({ kty: "OKP", crv: "Ed25519", x, d });

/** A token that no library would make. */
function forge(head: object, payload: object, signature: (text: string) => Buffer): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(head)}.${part(payload)}`;
  return `${text}.${signature(text).toString("base64url")}`;
}

test("a minted token speaks for its subject, with the name, stage and scopes of the key", async () => {
  const { token, expiresAt } = await mint();
  expect(expiresAt).toBe(start + 900_000);
  const sender = await identify(token);
  expect(sender).toMatchObject({ name: "app of minter", stage: "live", subject: "drv_123", device: "drv_123" });
  expect([sender.mayPost("driver.location"), sender.mayPost("rider.session")]).toEqual([true, false]);
  // Seen before: known at once.
  expect(identity.identify(`Bearer ${token}`)).toBe(sender);
});

test("a token's scopes narrow those of the key and never widen them", async () => {
  const sender = await identify((await mint({ scopes: ["driver.location", "rider.*"] })).token);
  const may = ["driver.location", "driver.status", "rider.session"].map((type) => sender.mayPost(type));
  expect(may).toEqual([true, false, false]);
});

test("a token ends to the second, also one that is remembered", async () => {
  const { token } = await mint({ ttlSeconds: 2 });
  now += 1_999;
  expect(await identify(token)).toMatchObject({ subject: "drv_123" });
  now += 1;
  await expect(identify(token)).rejects.toEqual(refusal("request_device_token_expired"));
});

test("only a key that may mint mints, and a token never does", async () => {
  expect(() => identity.minterOf("Bearer poster")).toThrow(refusal("request_mint_forbidden"));
  const { token } = await mint();
  expect(() => identity.minterOf(`Bearer ${token}`)).toThrow(refusal("request_mint_forbidden"));
  expect(() => identity.minterOf("Bearer nobody")).toThrow(refusal("request_api_key_unknown"));
  expect(() => identity.minterOf(undefined)).toThrow(refusal("request_api_key_missing"));
});

const invalid = "request_device_token_invalid";
const other = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const publicBytes = () => Buffer.from(deviceKey.x, "base64url");

/** What is wrong with a token; how it is made; how it is refused. */
const bad: readonly [wrong: string, make: () => Promise<string> | string, code: string][] = [
  ["alg none, without a signature", () => forge({ alg: "none" }, claims(), () => Buffer.alloc(0)), invalid],
  ["alg None with a kid", () => forge({ alg: "None", kid: deviceKey.kid }, claims(), () => Buffer.alloc(0)), invalid],
  ["EdDSA without a signature", () => forge(header(), claims(), () => Buffer.alloc(0)), invalid],
  [
    "HS256 by the public key as its secret",
    () => forge(header({ alg: "HS256" }), claims(), (t) => createHmac("sha256", publicBytes()).update(t).digest()),
    invalid,
  ],
  [
    "HS256 by the public key's base64 as its secret",
    () => forge(header({ alg: "HS256" }), claims(), (t) => createHmac("sha256", deviceKey.x).update(t).digest()),
    invalid,
  ],
  [
    "RS256",
    () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      return forge(header({ alg: "RS256" }), claims(), (t) => signBytes("sha256", Buffer.from(t), privateKey));
    },
    invalid,
  ],
  ["a stranger's key under our kid", () => sign(claims(), header(), { ...deviceKey, ...other } as DeviceKey), invalid],
  ["an unknown kid", () => sign(claims(), header({ kid: "dev_other" })), invalid],
  [
    "a key of its own in the header",
    () => {
      const jwk = { kty: "OKP", crv: "Ed25519", x: other.x };
      return sign(claims(), header({ jwk } as object), { ...deviceKey, ...other } as DeviceKey);
    },
    invalid,
  ],
  [
    "a critical header that nobody knows",
    () => forge(header({ crit: ["x"] }), claims(), () => Buffer.alloc(64)),
    invalid,
  ],
  [
    "another subject under the same signature",
    async () => {
      const [head, , signature] = (await sign(claims())).split(".");
      return `${head}.${Buffer.from(JSON.stringify(claims({ sub: "drv_9" }))).toString("base64url")}.${signature}`;
    },
    invalid,
  ],
  ["another issuer", () => sign(claims({ iss: "someone" })), invalid],
  ["no issuer", () => sign(claims({ iss: undefined as never })), invalid],
  ["another audience", () => sign(claims({ aud: "analytics" })), invalid],
  ["no audience", () => sign(claims({ aud: undefined as never })), invalid],
  ["no subject", () => sign(claims({ sub: undefined as never })), invalid],
  ["a subject without a prefix", () => sign(claims({ sub: "123" })), invalid],
  ["an empty subject", () => sign(claims({ sub: "" })), invalid],
  ["no end", () => sign(claims({ exp: undefined as never })), invalid],
  ["no beginning", () => sign(claims({ iat: undefined as never })), invalid],
  ["an end that is text", () => forge(header(), { ...claims(), exp: "never" }, () => Buffer.alloc(64)), invalid],
  ["no key", () => sign(claims({ key: undefined })), invalid],
  ["scopes that are none", () => sign(claims({ scopes: ["**"] })), invalid],
  ["claims that are an array", () => forge(header(), [], () => Buffer.alloc(64)), invalid],
  ["no JSON inside", () => "eyJxx.eyJ.x", invalid],
  ["an expired token", () => sign(claims({ iat: seconds - 900, exp: seconds })), "request_device_token_expired"],
  ["long expired", () => sign(claims({ iat: seconds - 9_000, exp: seconds - 8_000 })), "request_device_token_expired"],
  ["not yet valid (nbf)", () => sign(claims({ nbf: seconds + 61 })), "request_device_token_not_yet_valid"],
  [
    "made in the future",
    () => sign(claims({ iat: seconds + 61, exp: seconds + 900 })),
    "request_device_token_not_yet_valid",
  ],
  ["too long", () => sign(claims({ exp: seconds + 3_601 })), "request_device_token_too_long"],
  ["endless", () => sign(claims({ exp: 1e300 })), "request_device_token_too_long"],
  ["of an unknown API key", () => sign(claims({ key: "hs_live_nobodyxx" })), "request_device_token_revoked"],
];

test.each(bad)("refused: %s", async (_wrong, make, code) => {
  const token = await make();
  const error = await identify(token).catch((cause: unknown) => cause);
  expect(error).toEqual(refusal(code));
  // The same answer again, and nothing of the token in it.
  await expect(identify(token)).rejects.toEqual(refusal(code));
  const told = JSON.stringify([String(error), (error as { fields: unknown }).fields]);
  for (const part of token.split(".")) if (part.length > 8) expect(told).not.toContain(part.slice(0, 20));
});

test.each([
  ["nbf", { nbf: seconds + 60 }],
  ["iat", { iat: seconds + 60, exp: seconds + 900 }],
])("clocks may differ by a minute: %s", async (_claim, changes) => {
  expect(await identify(await sign(claims(changes)))).toMatchObject({ subject: "drv_123" });
});

test("an app's backend may sign by a key of its own: the server then holds the public half only", async () => {
  const { d, ...publicHalf } = deviceKey;
  expect(d).toBeDefined();
  await writeFile(deviceKeysFile(), JSON.stringify({ keys: [publicHalf] }));
  await eventually(() =>
    mint().then(
      () => false,
      (error: { code?: string }) => error.code === "device_tokens_off",
    ),
  );
  expect(await identify(await sign(claims()))).toMatchObject({ subject: "drv_123" });
});

test("a revoked API key ends the tokens it minted, remembered ones too; narrower scopes narrow them", async () => {
  const { token } = await mint();
  expect((await identify(token)).mayPost("trip.started")).toBe(true);
  await writeKeys(keysFile(), { ...minter, scopes: ["driver.*"] });
  await eventually(async () => !(await identify(token)).mayPost("trip.started"));
  expect((await identify(token)).mayPost("driver.location")).toBe(true);
  await writeKeys(keysFile(), { ...minter, revoked_at: "2026-11-22T12:00:00Z" });
  await eventually(() =>
    identify(token).then(
      () => false,
      (error: { code?: string }) => error.code === "request_device_token_revoked",
    ),
  );
});

test("an API key that ends by its time leaves its tokens their own short time", async () => {
  const { token } = await mint();
  await writeKeys(keysFile(), { ...minter, expires_at: "2026-11-22T11:00:00Z" });
  await eventually(() => {
    try {
      return identity.identify("Bearer minter") === undefined;
    } catch {
      return true;
    }
  });
  expect(await identify(token)).toMatchObject({ subject: "drv_123" });
});

test("at a rotation both device keys verify; the new one signs once every process has had time to read it", async () => {
  const old = (await mint()).token;
  const next = await createDeviceKey(deviceKeysFile(), new Date(now));
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
  const byNext = () => sign(claims({ sub: "drv_7" }), header({ kid: next.kid }), next);
  await eventually(async () =>
    identify(await byNext()).then(
      () => true,
      () => false,
    ),
  );
  expect(kidOf((await mint()).token)).toBe(deviceKey.kid);
  now += 60_000;
  expect(kidOf((await mint()).token)).toBe(next.kid);
  expect(await identify(old)).toMatchObject({ subject: "drv_123" });

  await deleteDeviceKey(deviceKeysFile(), deviceKey.kid);
  await eventually(() =>
    identify(old).then(
      () => false,
      (error: { code?: string }) => error.code === invalid,
    ),
  );
  expect(await readFile(deviceKeysFile(), "utf8")).not.toContain(deviceKey.kid);
});

test("what is remembered is bounded, and forgetting costs no right", async () => {
  const tokens: string[] = [];
  for (let i = 0; i < 150; i++) tokens.push((await mint({ subject: `drv_${i}` })).token);
  for (const [i, token] of tokens.entries()) expect((await identify(token)).subject).toBe(`drv_${i}`);
  expect(identity.identify(`Bearer ${tokens[149]}`)).not.toBeInstanceOf(Promise);
  expect(identity.identify(`Bearer ${tokens[0]}`)).toBeInstanceOf(Promise);
});

test("verifying is shared by requests with one token, and bounded over all tokens", async () => {
  const tokens = await Promise.all(Array.from({ length: 33 }, (_, i) => mint({ subject: `drv_${i}` })));
  const headers = tokens.map(({ token }) => `Bearer ${token}`);
  const first = identity.identify(headers[0]);
  expect(identity.identify(headers[0])).toBe(first);
  const others = headers.slice(1, 32).map((header) => identity.identify(header));
  expect(() => identity.identify(headers[32])).toThrow(refusal("request_overloaded"));
  // Keys and remembered tokens do not wait.
  expect(identity.identify("Bearer poster")).toMatchObject({ name: "app of poster" });
  await Promise.all([first, ...others]);
  expect(await identity.identify(headers[32])).toMatchObject({ subject: "drv_32" });
});
