export {
  type Acknowledgement,
  acknowledgementTopic,
  readAcknowledgement,
  writeAcknowledgement,
} from "./acknowledgement.ts";
export type { AvroFieldJson, AvroJson, AvroRecord, Pii } from "./avro-json.ts";
export { loadCatalogue, parseEventType, schemaFolder } from "./catalogue.ts";
export { type GeneratedCode, generateCode, generatedMark } from "./codegen/generate.ts";
export { compareLocks, type Lock, type LockChange, readLock } from "./codegen/lock.ts";
export { type Change, type CompatibilityResult, checkCompatibility, compareSchemas } from "./compatibility.ts";
export { createSchemas } from "./create-schemas.ts";
export { createEnrichmentEncoder, type Enrichment, type EnrichmentEncoder } from "./enrichment.ts";
export { type Envelope, envelopeHeaders, readEnvelope } from "./envelope.ts";
export type { Catalogue, EventField, EventKind, EventType, TrafficClass, Variant } from "./event-type.ts";
export { exampleOf } from "./example.ts";
export { eventsPage } from "./generate-events-page.ts";
export { typesModule } from "./generate-types.ts";
export { catalogueOptions, type SchemaOptions, schemaOptions } from "./options.ts";
export { type Quarantined, quarantineRecord, quarantineTopic, readQuarantined } from "./quarantined.ts";
export { enrichmentName, type ReleasedSchema, release, releasesOf, schemaFile } from "./released.ts";
export type { Decoded, Projection, RowDecoder, Schemas } from "./schemas.ts";
export type { EnrichedEventData, EventData, Stored } from "./types.ts";
export type { Violation } from "./violations.ts";
