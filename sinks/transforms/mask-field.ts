import { listOf } from "../connectors/keys.ts";
import type { AvroType } from "../postgres/avro-type.ts";
import { type Compiled, plainTypeOf, type TransformKind } from "./transform.ts";

/**
 * Kafka Connect's MaskField: fields become the empty value of their type (0, false, "", an empty list), or `replacement` where that can be
 * read as their type. Null stays null.
 */
export const maskField: TransformKind = {
  predicated: true,
  keys: [
    {
      name: "fields",
      type: "LIST",
      required: true,
      importance: "HIGH",
      group: "Transforms",
      doc: "Names of the fields to mask.",
    },
    {
      name: "replacement",
      type: "STRING",
      importance: "LOW",
      group: "Transforms",
      doc: "What text and numbers become instead of their empty value.",
    },
  ],
  make(options) {
    const names = new Set(listOf(options.fields ?? ""));
    return {
      compile(fields): Compiled {
        const masks = fields
          .filter(({ name }) => names.has(name))
          .map(({ name, type }) => [name, maskOf(type, options.replacement)] as const);
        return {
          fields,
          apply(record) {
            const { value } = record;
            if (value === null || masks.length === 0) return record;
            const masked = masks.filter(([name]) => value[name] !== null && value[name] !== undefined);
            return { ...record, value: { ...value, ...Object.fromEntries(masked) } };
          },
        };
      },
    };
  },
};

function maskOf(declared: AvroType, replacement: string | undefined): unknown {
  const type = plainTypeOf(declared);
  switch (type?.kind) {
    case "string":
      return replacement ?? "";
    case "enum":
      return replacement ?? "";
    case "int":
    case "long":
    case "float":
    case "double": {
      const number = Number(replacement ?? 0);
      return Number.isFinite(number) ? number : 0;
    }
    case "boolean":
      return false;
    case "bytes":
      return Buffer.alloc(0);
    case "fixed":
      return Buffer.alloc(type.size);
    case "array":
      return [];
    case "map":
      return {};
    case "null":
    case "record":
    case "union":
    case undefined:
      return null;
  }
}
