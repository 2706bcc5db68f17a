/** An Avro schema as it stands in an .avsc file. Text is a primitive type or the name of a type defined earlier in the file. */
export type AvroJson =
  | string
  | readonly AvroJson[]
  | AvroRecord
  | AvroEnum
  | AvroArray
  | AvroMap
  | AvroFixed
  | AvroPrimitive;

export type AvroPrimitive = { readonly type: string; readonly logicalType?: string };

export type AvroFieldJson = {
  readonly name: string;
  readonly type: AvroJson;
  readonly default?: unknown;
  readonly doc?: string;
  /** What kind of personal data it holds. */
  readonly pii?: Pii;
  /** What the ids in it begin with, such as drv_; several when it may hold ids of several things. Generated code tells them apart. */
  readonly idPrefix?: string | readonly string[];
  /** Bounds of a number, both included; checked at the door, not part of the bytes. */
  readonly minimum?: number;
  readonly maximum?: number;
};

export type AvroRecord = {
  readonly type: "record";
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly AvroFieldJson[];
};

export type AvroEnum = {
  readonly type: "enum";
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly symbols: readonly string[];
  readonly default?: string;
};

/** `maxItems` is ours: the largest number of items that is accepted and read. */
export type AvroArray = { readonly type: "array"; readonly items: AvroJson; readonly maxItems?: number };
export type AvroMap = { readonly type: "map"; readonly values: AvroJson; readonly maxItems?: number };
export type AvroFixed = {
  readonly type: "fixed";
  readonly name: string;
  readonly namespace?: string;
  readonly size: number;
};

/** `identifier` names a person or a thing of one, `location` a place, `contact` a name or address, `free-text` may hold anything. */
export type Pii = "identifier" | "location" | "contact" | "free-text";
export const piiKinds: readonly Pii[] = ["identifier", "location", "contact", "free-text"];
