import type { ErrorCode, Logger, Metrics, Service } from "../runtime/index.ts";
import type { AvroJson } from "./avro-json.ts";
import type { EnrichmentEncoder } from "./enrichment.ts";
import type { Catalogue, EventType, Variant } from "./event-type.ts";
import type { SchemaOptions } from "./options.ts";
import type { Violation } from "./violations.ts";

/** What decoding gave. `ok: false` is a verdict about the bytes: they will never be readable as they are. */
export type Decoded =
  | {
      readonly ok: true;
      readonly type: EventType;
      readonly variant: Variant;
      readonly schemaId: number;
      /** Has all fields of our version of the type: what the writer did not know has its default. */
      readonly value: Record<string, unknown>;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

/** Reads framed bytes of one schema id. It never throws for bad bytes. */
export type RowDecoder = {
  readonly type: EventType;
  readonly variant: Variant;
  readonly schemaId: number;
  /** Whether the bytes are laid out as our own version writes them, so that a tail may be appended to them. */
  readonly current: boolean;
  decode(bytes: Buffer): Decoded;
};

/** Reads some fields of framed bytes and steps over the others, checking all bytes. Undefined: the bytes are bad; `decode` says why. */
export type Projection = (bytes: Buffer) => Record<string, unknown> | undefined;

/** What the registry has under a schema id. */
export type WriterSchema = { readonly type: EventType; readonly variant: Variant; readonly schema: AvroJson };

/** All knowledge about types of events in one process. */
export type Schemas = Service & {
  readonly catalogue: Catalogue;
  /** The id that the registry gave our version. @throws PipelineError event_type_unknown; schemas_not_started before `start` */
  schemaIdOf(type: string, variant?: Variant): number;
  /** Everything that is wrong with `data`; empty when it is valid. Undeclared fields are wrong. */
  check(type: string, data: unknown): readonly Violation[];
  /** Framed bytes of data that `check` found valid (or, enriched, of such data with enrichment fields). */
  encode(type: string, data: unknown, variant?: Variant): Buffer;
  /** The record key of valid data. */
  keyOf(type: string, data: unknown): string;
  /**
   * Reads framed bytes under any version of any type. An id seen for the first time is fetched from the registry, hence the promise.
   * @throws PipelineError schema_registry_unreachable (retryable) only when that fetch cannot be made
   */
  decode(bytes: Buffer): Decoded | Promise<Decoded>;
  /**
   * The schema, as JSON, that records with this id were written with, and the type it belongs to; for readers that compile their own
   * way through the bytes (the Postgres sink). Undefined when the registry has no such id or it is of no type of ours.
   * @throws PipelineError schema_registry_unreachable (retryable) when the id is not known here yet and cannot be fetched
   */
  writerOf(schemaId: number): Promise<WriterSchema | undefined>;
  /** The decoder of an id that is known here already. */
  decoderFor(schemaId: number): RowDecoder | undefined;
  /** Reads only the named fields; undefined when the id is not known here yet or a field is not in the type. */
  projection(schemaId: number, fieldNames: readonly string[]): Projection | undefined;
  /** @throws PipelineError event_type_unknown when the type is not enriched */
  enrichmentEncoder(type: string): EnrichmentEncoder;
};

export type SchemasParts = {
  /** Where the registry is. "in-process": there is none but one of this process, whose ids mean nothing elsewhere. */
  readonly options: SchemaOptions | "in-process";
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The types of this program unless a test brings its own. */
  readonly catalogue?: Catalogue;
};
