import type { AvroJson, AvroRecord, Pii } from "./avro-json.ts";

/** Who is shed first under load: bulk before normal, critical never. */
export type TrafficClass = "critical" | "normal" | "bulk";

/** `event`: apps send it. `reference`: the newest record of a key counts. `derived`: the pipeline makes it itself. */
export type EventKind = "event" | "reference" | "derived";

export type Variant = "base" | "enriched";

/** One field of a type: all that a table, a form or a catalogue page needs. */
export type EventField = {
  readonly name: string;
  readonly doc: string;
  /** string, boolean, int, long, float, double, bytes, enum, array, map or record; of a nullable field, what it holds when not null. */
  readonly avroType: string;
  readonly logicalType?: string;
  readonly nullable: boolean;
  readonly pii?: Pii;
  /** Of an id, what it begins with: each of these. */
  readonly idPrefixes?: readonly string[];
  /** Of a number: the bounds, both included. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly hasDefault: boolean;
  readonly default?: unknown;
  /** Of an enum. */
  readonly symbols?: readonly string[];
  /** The Avro type itself, without the null branch. */
  readonly schema: AvroJson;
};

/** Everything that one .avsc file says about a type of event. */
export type EventType = {
  /** `driver.location`: the `type` of the event's envelope and the name of the file. */
  readonly name: string;
  /** `hailstream.events.DriverLocation`. */
  readonly fullName: string;
  readonly kind: EventKind;
  /** Absolute path of the folder of schemas that has its file. */
  readonly folder: string;
  readonly doc: string;
  readonly topic: string;
  /** Name of the string field whose value is the record key, so what keeps the order. */
  readonly keyField: string;
  readonly class: TrafficClass;
  /** Its table keeps only the newest event of each key, by event time and id. */
  readonly latest?: boolean;
  /** What its table is called for analysts, in the schema `analytics` and without personal data: a name that begins with fct_, dim_ or agg_. */
  readonly analytics?: string;
  readonly fields: readonly EventField[];
  readonly schema: AvroRecord;
  /** The fields of `schema`, in order, followed by those of the enrichment. */
  readonly enriched?: {
    readonly fullName: string;
    readonly topic: string;
    readonly schema: AvroRecord;
    readonly fields: readonly EventField[];
  };
};

export type Catalogue = {
  /** By name, in the order of names. */
  readonly types: ReadonlyMap<string, EventType>;
  /** By the full name of the record, base and enriched. */
  readonly records: ReadonlyMap<string, { readonly type: EventType; readonly variant: Variant }>;
  /** The fields that every enriched record ends with. */
  readonly enrichment: AvroRecord;
};

/** The schema of one variant of a type; undefined when the type is not enriched. */
export function schemaOf(type: EventType, variant: Variant): AvroRecord | undefined {
  return variant === "base" ? type.schema : type.enriched?.schema;
}

/** The topic that records of one variant travel in. */
export function topicOf(type: EventType, variant: Variant): string | undefined {
  return variant === "base" ? type.topic : type.enriched?.topic;
}

/** The subject of the registry by TopicRecordNameStrategy: `driver-locations-hailstream.events.DriverLocation`. */
export function subjectOf(type: EventType, variant: Variant): string {
  return variant === "enriched" && type.enriched !== undefined
    ? `${type.enriched.topic}-${type.enriched.fullName}`
    : `${type.topic}-${type.fullName}`;
}
