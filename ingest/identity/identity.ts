import {
  composeServices,
  createService,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
} from "../../runtime/index.ts";
import type { IngestOptions } from "../options.ts";
import { type DeviceKeys, prepareDeviceKeys, readDeviceKeys } from "./device-keys.ts";
import { signToken } from "./device-token.ts";
import { bearerFields, createKeyTable, keepRecent, keyOf } from "./key-table.ts";
import { readKeys } from "./keys-file.ts";
import { anySender, type Sender } from "./sender.ts";
import { createTokenSenders } from "./token-senders.ts";
import { createWatchedFile } from "./watch-file.ts";

export type TokenWish = {
  readonly subject: string;
  readonly ttlSeconds: number;
  readonly scopes?: readonly string[] | undefined;
};

/** `expiresAt`: milliseconds since 1970. */
export type MintedToken = { readonly token: string; readonly expiresAt: number };

/** Who sends a request. Neither the files nor any log hold a key or a token: of keys only hashes are kept. */
export type Identity = Service & {
  /**
   * The sender that an Authorization header belongs to: at once for an API key and for a token that was seen before; a promise for
   * a token whose signature is to be checked.
   * @throws PipelineError request_api_key_…, request_device_token_…
   */
  identify(authorization: string | undefined): Sender | Promise<Sender>;
  /**
   * Makes tokens for devices, for the backend of an app, which shows its API key.
   * @throws PipelineError request_api_key_…, request_mint_forbidden, device_tokens_off
   */
  minterOf(authorization: string | undefined): (wish: TokenWish) => Promise<MintedToken>;
};

export type IdentityParts = {
  /** Without apiKeysFile everyone may post, without a name; without deviceKeysFile there are no device tokens. */
  readonly options: Pick<IngestOptions, "apiKeysFile" | "deviceKeysFile" | "deviceTokenMaxMs" | "deviceTokenCache">;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly checkEveryMs?: number;
  /** Of those who post without a name; default "test". */
  readonly anonymousStage?: Sender["stage"];
};

export function createIdentity(parts: IdentityParts): Identity {
  const { options, now } = parts;
  const { apiKeysFile, deviceKeysFile } = options;
  if (apiKeysFile === undefined) return allowEveryone(parts.anonymousStage);
  let keys = createKeyTable([]);
  let deviceKeys: DeviceKeys | undefined;
  const tokens = createTokenSenders({
    keys: () => keys,
    deviceKeys: () => deviceKeys,
    maxTokenMs: options.deviceTokenMaxMs,
    capacity: options.deviceTokenCache,
    now,
  });
  const broken = parts.metrics.gauge(
    "hailstream_ingest_identity_file_broken",
    "1 while the newest version of a file of keys cannot be used and an older one is in use: revocations have no effect.",
    ["file"],
  );
  const watch = (name: string, file: string, option: string, use: (text: string) => void | Promise<void>) =>
    createWatchedFile({
      name,
      file,
      log: parts.log,
      use,
      unreadable: (cause) => {
        const code = name === "API keys" ? "api_keys_unreadable" : "device_keys_unreadable";
        return new PipelineError(code, { cause, fields: { file, option } });
      },
      onState: (inUse) => broken.set({ file: name }, inUse ? 0 : 1),
      ...(parts.checkEveryMs === undefined ? {} : { checkEveryMs: parts.checkEveryMs }),
    });
  const files = [
    watch("API keys", apiKeysFile, "--ingest-api-keys-file", (text) => {
      keys = createKeyTable(readKeys(text));
    }),
  ];
  if (deviceKeysFile !== undefined) {
    files.push(
      watch("device keys", deviceKeysFile, "--ingest-device-keys-file", async (text) => {
        deviceKeys = await prepareDeviceKeys(readDeviceKeys(text));
        tokens.forget();
      }),
    );
  }

  const service = composeServices("identity", files);
  return {
    ...service,
    identify(authorization) {
      const recent = keys.recent.get(authorization ?? "");
      if (recent !== undefined && recent.expiresAt > now()) return recent.sender;
      const text = bearerOf(authorization);
      if (isToken(text)) return tokens.senderOf(text);
      const key = keyOf(keys, text, now());
      keepRecent(keys, authorization ?? "", key);
      return key.sender;
    },
    minterOf(authorization) {
      const text = bearerOf(authorization);
      if (isToken(text)) throw new PipelineError("request_mint_forbidden");
      const { entry } = keyOf(keys, text, now());
      if (!entry.mint) throw new PipelineError("request_mint_forbidden", { fields: { key: entry.id } });
      const by = deviceKeys;
      if (by === undefined) throw new PipelineError("device_tokens_off");
      return (wish) => signToken(by, entry, wish, now());
    },
  };
}

function allowEveryone(stage?: Sender["stage"]): Identity {
  const everyone = anySender("anonymous", stage);
  return {
    ...createService({ name: "identity", start: () => undefined, stop: () => undefined }),
    identify: () => everyone,
    minterOf: () => {
      throw new PipelineError("device_tokens_off");
    },
  };
}

const bearer = /^Bearer +(\S+) *$/i;
/** A token of the largest claims stays well below. */
const maxBearerLength = 4_096;

/** The key or token of an Authorization header. */
function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw new PipelineError("request_api_key_missing", { fields: bearerFields });
  }
  const text = authorization.length > maxBearerLength ? undefined : bearer.exec(authorization)?.[1];
  if (text === undefined) throw new PipelineError("request_api_key_unknown", { fields: bearerFields });
  return text;
}

/** A JWT begins with a JSON object in base64url; no API key that we made does. */
function isToken(text: string): boolean {
  return text.startsWith("eyJ") && text.split(".", 4).length === 3;
}
