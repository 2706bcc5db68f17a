export { createAcknowledgements } from "./acknowledgements.ts";
export { hashApiKey } from "./identity/api-key.ts";
export { type IngestOptions, ingestOptions } from "./options.ts";
export { createIngest, type Ingest, type IngestParts } from "./service.ts";
export { collectorUrlFrom } from "./tracing/collector-url.ts";
