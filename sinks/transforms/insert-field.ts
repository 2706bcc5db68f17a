import type { ConfigKey } from "../connectors/keys.ts";
import type { AvroField, AvroType } from "../postgres/avro-type.ts";
import { type Compiled, nullable, type Passing, type TransformKind } from "./transform.ts";

const key = (name: string, doc: string): ConfigKey => ({
  name,
  type: "STRING",
  importance: "MEDIUM",
  group: "Transforms",
  doc,
});

type Insert = { readonly option: string; readonly doc: string; readonly type: AvroType; of(record: Passing): unknown };

const places: readonly Insert[] = [
  { option: "topic.field", doc: "Topic of the record.", type: { kind: "string" }, of: ({ topic }) => topic },
  {
    option: "partition.field",
    doc: "Partition of the record.",
    type: { kind: "int" },
    of: ({ partition }) => partition,
  },
  { option: "offset.field", doc: "Offset of the record.", type: { kind: "long" }, of: ({ offset }) => BigInt(offset) },
  {
    option: "timestamp.field",
    doc: "When the record came to Kafka.",
    type: { kind: "long", logical: "timestamp-millis" },
    of: ({ timestamp }) => Number(timestamp),
  },
];

/** Kafka Connect's InsertField: adds where a record came from, or a text that is always the same. */
export const insertField: TransformKind = {
  predicated: true,
  keys: [
    ...places.map(({ option, doc }) => key(option, `Name of the field for this: ${doc}`)),
    key("static.field", "Name of the field that gets static.value."),
    key("static.value", "The text for static.field."),
  ],
  make(options) {
    const wanted: { name: string; doc: string; type: AvroType; of(record: Passing): unknown }[] = places.flatMap(
      ({ option, doc, type, of }) => {
        const name = nameIn(options[option]);
        return name === undefined ? [] : [{ name, doc, type, of }];
      },
    );
    const fixed = nameIn(options["static.field"]);
    const text = options["static.value"] ?? "";
    if (fixed !== undefined)
      wanted.push({ name: fixed, doc: "Set by the connector.", type: { kind: "string" }, of: () => text });
    return {
      compile(fields): Compiled {
        const added = wanted.map(({ name, doc, type }): AvroField => ({ name, doc, type: nullable(type) }));
        const names = new Set(added.map(({ name }) => name));
        return {
          fields: [...fields.filter(({ name }) => !names.has(name)), ...added],
          apply(record) {
            if (record.value === null) return record;
            const more = Object.fromEntries(wanted.map(({ name, of }) => [name, of(record)]));
            return { ...record, value: { ...record.value, ...more } };
          },
        };
      },
    };
  },
};

/** Kafka Connect lets a name end in ! or ? for a required or optional field; columns are optional either way. */
const nameIn = (option: string | undefined): string | undefined => option?.replace(/[!?]$/, "") || undefined;
