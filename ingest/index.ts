export { hashApiKey } from "./identity/api-keys.ts";
export { type IngestOptions, ingestOptions } from "./options.ts";
export { createIngest, type Ingest, type IngestParts } from "./service.ts";
