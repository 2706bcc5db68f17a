import type { KafkaRecord } from "../../kafka/index.ts";
import { PipelineError } from "../../runtime/index.ts";
import type { ConfigKey, FlatConfig } from "../connectors/keys.ts";
import type { AvroField, AvroType } from "../postgres/avro-type.ts";

/** A record on its way through the transforms of a connector. A transform gives another one and changes none. */
export type Passing = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since 1970 as decimal text. */
  readonly timestamp: string;
  readonly headers: KafkaRecord["headers"];
  /** Of a long beyond 2^53 a bigint, of bytes a Buffer, of a record an object; null is a tombstone, which most transforms leave alone. */
  readonly value: Readonly<Record<string, unknown>> | null;
};

/** What a transform makes of records of one schema. */
export type Compiled = {
  /** The fields that the values have afterwards. */
  readonly fields: readonly AvroField[];
  /** Undefined: the record goes no further. @throws PipelineError sink_transform_failed */
  apply(record: Passing): Passing | undefined;
};

/** A transform with its options, before it has met a schema. Fields that a schema lacks are none of its business: a topic may hold several types. */
export type Transform = { compile(fields: readonly AvroField[]): Compiled };

/** A transform of Kafka Connect: its own keys, below `transforms.<name>.`, and how it is made from them. */
export type TransformKind = {
  readonly keys: readonly ConfigKey[];
  /** Whether it may have a predicate: not when the columns would depend on it. */
  readonly predicated: boolean;
  /** Whether the topic, and with it the table, may depend on a record's fields. */
  readonly routesByField?: true;
  make(options: FlatConfig): Transform;
};

/** The error of a value that a transform cannot work with; the record becomes a dead letter. */
export function transformFailed(message: string): PipelineError {
  return new PipelineError("sink_transform_failed", { message });
}

/** A transform that leaves fields as they are. */
export const sameFields = (apply: Compiled["apply"]): Transform => ({ compile: (fields) => ({ fields, apply }) });

/** The type itself, without a null branch around it; undefined for a union of several. */
export function plainTypeOf(type: AvroType): AvroType | undefined {
  if (type.kind !== "union") return type;
  const values = type.branches.filter((branch) => branch.kind !== "null");
  return values.length === 1 ? values[0] : undefined;
}

/** `type`, or null. */
export function nullable(type: AvroType): AvroType {
  if (type.kind === "union") {
    return type.branches.some((branch) => branch.kind === "null")
      ? type
      : { kind: "union", branches: [{ kind: "null" }, ...type.branches] };
  }
  return { kind: "union", branches: [{ kind: "null" }, type] };
}
