import type { AvroField, AvroType } from "../postgres/avro-type.ts";
import { type Compiled, nullable, plainTypeOf, type TransformKind } from "./transform.ts";

type Leaf = { readonly field: AvroField; readonly path: readonly string[] };

/** Kafka Connect's Flatten: the fields of nested records become fields of the record itself. Lists and maps stay as they are. */
export const flatten: TransformKind = {
  predicated: false,
  keys: [
    {
      name: "delimiter",
      type: "STRING",
      default: ".",
      importance: "MEDIUM",
      group: "Transforms",
      doc: "What stands between the names; _ makes columns that need no quotes in SQL.",
    },
  ],
  make({ delimiter = "." }) {
    return {
      compile(fields): Compiled {
        const leaves = leavesOf(fields, [], delimiter, false);
        return {
          fields: leaves.map(({ field }) => field),
          apply(record) {
            const { value } = record;
            if (value === null) return record;
            return {
              ...record,
              value: Object.fromEntries(leaves.map(({ field, path }) => [field.name, at(value, path)])),
            };
          },
        };
      },
    };
  },
};

function leavesOf(
  fields: readonly AvroField[],
  path: readonly string[],
  delimiter: string,
  mayBeAbsent: boolean,
  around?: AvroField["pii"],
): readonly Leaf[] {
  return fields.flatMap((field) => {
    const own = [...path, field.name];
    const inner = plainTypeOf(field.type);
    const absent = mayBeAbsent || field.type.kind === "union";
    if (inner?.kind === "record") return leavesOf(inner.fields, own, delimiter, absent, around ?? field.pii);
    const type: AvroType = mayBeAbsent ? nullable(field.type) : field.type;
    const { default: given, ...rest } = field;
    // A default inside of a record that is itself absent says nothing.
    const kept = path.length === 0 && given !== undefined ? { default: given } : {};
    // What a record is marked with holds for all that was in it.
    const pii = field.pii ?? around;
    return [
      {
        path: own,
        field: { ...rest, name: own.join(delimiter), type, ...kept, ...(pii === undefined ? {} : { pii }) },
      },
    ];
  });
}

function at(value: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let inner: unknown = value;
  for (const name of path) {
    if (inner === null || inner === undefined) return null;
    inner = (inner as Record<string, unknown>)[name];
  }
  return inner;
}
