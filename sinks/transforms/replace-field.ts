import { listOf } from "../connectors/keys.ts";
import type { Compiled, TransformKind } from "./transform.ts";

/** `a:b, c:d` as pairs. */
export const pairsOf = (text: string): readonly (readonly [string, string])[] =>
  listOf(text).map((pair) => {
    const at = pair.indexOf(":");
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });

const pairs = (text: string) =>
  listOf(text).every((pair) => /^[^:\s]+\s*:\s*[^:\s]+$/.test(pair))
    ? undefined
    : "pairs such as old:new,other:another";

/** Kafka Connect's ReplaceField: leaves fields out, lets only some through, and renames. */
export const replaceField: TransformKind = {
  predicated: false,
  keys: [
    { name: "exclude", type: "LIST", importance: "MEDIUM", group: "Transforms", doc: "Fields to leave out." },
    {
      name: "include",
      type: "LIST",
      importance: "MEDIUM",
      group: "Transforms",
      doc: "The only fields to keep; without it all are.",
    },
    {
      name: "renames",
      type: "LIST",
      importance: "MEDIUM",
      group: "Transforms",
      doc: "New names, as old:new pairs.",
      expected: pairs,
    },
  ],
  make(options) {
    const exclude = new Set(listOf(options.exclude ?? ""));
    const include = options.include === undefined ? undefined : new Set(listOf(options.include));
    const renames = new Map(pairsOf(options.renames ?? ""));
    return {
      compile(fields): Compiled {
        const kept = fields.filter(({ name }) => !exclude.has(name) && (include === undefined || include.has(name)));
        const names = kept.map(({ name }) => [name, renames.get(name) ?? name] as const);
        return {
          fields: kept.map((field) => ({ ...field, name: renames.get(field.name) ?? field.name })),
          apply(record) {
            const { value } = record;
            if (value === null) return record;
            return { ...record, value: Object.fromEntries(names.map(([from, to]) => [to, value[from]])) };
          },
        };
      },
    };
  },
};
