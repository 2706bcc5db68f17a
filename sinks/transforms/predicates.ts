import { type ConfigKey, type FlatConfig, isPattern } from "../connectors/keys.ts";
import type { Passing } from "./transform.ts";

export type Predicate = (record: Passing) => boolean;
export type PredicateKind = { readonly keys: readonly ConfigKey[]; make(options: FlatConfig): Predicate };

const required = (name: string, doc: string, expected?: ConfigKey["expected"]): ConfigKey => ({
  name,
  type: "STRING",
  required: true,
  importance: "HIGH",
  group: "Transforms",
  doc,
  ...(expected === undefined ? {} : { expected }),
});

/** Kafka Connect's predicates by their names, and FieldMatches, which it lacks. */
export const predicateKinds: Readonly<Record<string, PredicateKind>> = {
  TopicNameMatches: {
    keys: [required("pattern", "The pattern that the topic's whole name must fit.", isPattern)],
    make({ pattern = "" }) {
      const whole = new RegExp(`^(?:${pattern})$`, "u");
      return ({ topic }) => whole.test(topic);
    },
  },
  RecordIsTombstone: { keys: [], make: () => (record) => record.value === null },
  HasHeaderKey: {
    keys: [required("name", "The name of the header.")],
    make:
      ({ name = "" }) =>
      ({ headers }) =>
        headers[name] !== undefined,
  },
  FieldMatches: {
    keys: [
      required("field", "The name of the field."),
      required("pattern", "The pattern that the field's whole text must fit; of null the text is empty.", isPattern),
    ],
    make({ field = "", pattern = "" }) {
      const whole = new RegExp(`^(?:${pattern})$`, "u");
      return ({ value }) => value !== null && whole.test(String(value[field] ?? ""));
    },
  },
};
