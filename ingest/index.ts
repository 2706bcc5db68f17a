export { createAcknowledgements } from "./acknowledgements.ts";
export { hashApiKey } from "./identity/api-key.ts";
export { createMicro, type Micro } from "./micro/micro.ts";
export { type MicroOptions, microDoorOptions, microOptions, readDoorOptions } from "./micro/options.ts";
export { type IngestOptions, ingestOptions } from "./options.ts";
export { createIngest, type Ingest, type IngestParts } from "./service.ts";
export { collectorUrlFrom } from "./tracing/collector-url.ts";
