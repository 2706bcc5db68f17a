export { cacheDirFrom, type Environment } from "./artefacts.ts";
export { type ChildService, type ChildSpec, type ChildState, createChildService } from "./child-process.ts";
export { createEmbedded, type EmbeddedParts, type EmbeddedStack, type StackAddresses } from "./embedded.ts";
export { cacheOptions, type LocalOptions, localOptions } from "./options.ts";
export { findFreePortBase, type Ports, portsFrom, requireFreePort } from "./ports.ts";
export { apiKeysFile, loadSecrets, type Secrets } from "./secrets.ts";
