import { isPattern } from "../connectors/keys.ts";
import { sameFields, type TransformKind, transformFailed } from "./transform.ts";

/** Kafka Connect's RegexRouter: another topic by a pattern that must fit the whole name; `$1` is what its first group found. */
export const regexRouter: TransformKind = {
  predicated: true,
  keys: [
    {
      name: "regex",
      type: "STRING",
      required: true,
      importance: "HIGH",
      group: "Transforms",
      doc: "The pattern that a topic's whole name must fit.",
      expected: isPattern,
    },
    {
      name: "replacement",
      type: "STRING",
      required: true,
      importance: "HIGH",
      group: "Transforms",
      doc: "The new name; $1 is what the first group found.",
    },
  ],
  make({ regex = "", replacement = "" }) {
    const pattern = new RegExp(`^(?:${regex})$`, "u");
    return sameFields((record) =>
      pattern.test(record.topic) ? { ...record, topic: record.topic.replace(pattern, replacement) } : record,
    );
  },
};

/** Confluent's ExtractTopic: the text of a field becomes the topic, and so the table. */
export const extractTopic: TransformKind = {
  predicated: true,
  routesByField: true,
  keys: [
    {
      name: "field",
      type: "STRING",
      required: true,
      importance: "HIGH",
      group: "Transforms",
      doc: "Name of the field whose text becomes the topic.",
    },
    {
      name: "skip.missing.or.null",
      type: "BOOLEAN",
      default: "false",
      importance: "LOW",
      group: "Transforms",
      doc: "Whether a record without the field keeps its topic, instead of becoming a dead letter.",
    },
  ],
  make(options) {
    const field = options.field ?? "";
    const skips = options["skip.missing.or.null"]?.toLowerCase() === "true";
    return sameFields((record) => {
      if (record.value === null) return record;
      const topic = record.value[field];
      if (typeof topic === "string" && topic !== "") return { ...record, topic };
      if (skips && (topic === null || topic === undefined)) return record;
      throw transformFailed(`the field ${field} holds no text that could name a topic`);
    });
  },
};
