export { cacheDirFrom, type Environment } from "./artefacts.ts";
export { type ChildService, type ChildSpec, type ChildState, createChildService } from "./child-process.ts";
export {
  claimDataDir,
  endLeftovers,
  type MarkedPart,
  markedParts,
  type ReadyLine,
  readReadyLine,
  releaseDataDir,
  stopSupervisor,
  supervisorOf,
  writeReadyLine,
} from "./data-dir.ts";
export { type Check, examine } from "./doctor.ts";
export { createEmbedded, type EmbeddedParts, type EmbeddedStack, type StackAddresses } from "./embedded.ts";
export { cacheOptions, type LocalOptions, localOptions } from "./options.ts";
export { findFreePortBase, type Ports, portsFrom, requireFreePort } from "./ports.ts";
export { answers, type RegistryStorage } from "./registry.ts";
export { apiKeysFile, deviceKeysFile, loadSecrets, type Secrets } from "./secrets.ts";
export { createStation, type StationParts } from "./station.ts";
