import { comment, type Language } from "./language.ts";
import {
  type CodeEvent,
  type CodeField,
  type CodeModel,
  type CodeRecord,
  type CodeType,
  camel,
  holdsTimes,
} from "./model.ts";

const keywords = new Set(
  (
    "as associatedtype break case catch class continue default defer deinit do else enum extension fallthrough false " +
    "fileprivate for func guard if import in init inout internal is let nil operator precedencegroup private protocol " +
    "public repeat rethrows return self Self static struct subscript super switch throw throws true try typealias var where while"
  ).split(" "),
);

/** Swift with Foundation alone: a struct an event, which is Encodable. */
export const swift: Language = {
  file: "Events.swift",
  names: (
    "String Bool Int32 Int64 Float Double Data Date Error Encodable Encoder JSONEncoder Hashable Sendable CaseIterable " +
    "CodingKey CodingKeys EventClass HailstreamEvent Timestamp Type Protocol Any Self"
  ).split(" "),
  memberOf: camel,
  members: ["hailstreamType", "hailstreamClass", "json", "encode"],
  write: (model, header) => `${[...header.map((line) => `// ${line}`), "", ...body(model)].join("\n")}\n`,
};

function body(model: CodeModel): string[] {
  const { ids, enums, records, events } = model;
  return [
    "import Foundation",
    "",
    "/** Who is given up first when a device has no room: bulk before normal, critical last. */",
    "public enum EventClass: String, Sendable {",
    "    case critical, normal, bulk",
    "}",
    "",
    "/** The data of an event. */",
    "public protocol HailstreamEvent: Encodable, Sendable {",
    "    /** The type in the envelope of the event. */",
    "    static var hailstreamType: String { get }",
    "    static var hailstreamClass: EventClass { get }",
    "}",
    "",
    "extension HailstreamEvent {",
    "    /** The data as JSON. Throws EncodingError for a number that is none. */",
    "    public func json() throws -> Data {",
    "        try JSONEncoder().encode(self)",
    "    }",
    "}",
    "",
    ...(holdsTimes(model) ? timestamp : []),
    ...ids.flatMap(({ name, prefix }) => [
      `/** ${prefix} and an opaque rest. */`,
      `public struct ${name}: Encodable, Hashable, Sendable {`,
      "    public let text: String",
      "",
      "    /** Nil for another text. */",
      "    public init?(_ text: String) {",
      `        guard text.hasPrefix("${prefix}"), text.count > ${prefix.length} else { return nil }`,
      "        self.text = text",
      "    }",
      "",
      "    public func encode(to encoder: Encoder) throws {",
      "        var container = encoder.singleValueContainer()",
      "        try container.encode(text)",
      "    }",
      "}",
      "",
    ]),
    ...enums.flatMap(({ name, doc, symbols }) => [
      ...comment(doc),
      `public enum ${name}: String, Encodable, CaseIterable, Sendable {`,
      ...symbols.map((symbol) => `    case ${quoted(constant(symbol))} = ${JSON.stringify(symbol)}`),
      "}",
      "",
    ]),
    ...records.flatMap((record) => [...declare(record, "Encodable, Sendable", []), ""]),
    ...events.flatMap((event) => [...declare(event, "HailstreamEvent", statics(event)), ""]),
  ].slice(0, -1);
}

const timestamp = [
  "/** A moment; as JSON, whole milliseconds since 1970, whatever the strategy of the encoder. */",
  "public struct Timestamp: Encodable, Hashable, Sendable {",
  "    public let date: Date",
  "",
  "    public init(_ date: Date) {",
  "        self.date = date",
  "    }",
  "",
  "    public func encode(to encoder: Encoder) throws {",
  "        var container = encoder.singleValueContainer()",
  "        try container.encode(Int64((date.timeIntervalSince1970 * 1000).rounded()))",
  "    }",
  "}",
  "",
];

function statics(event: CodeEvent): string[] {
  return [
    `    public static let hailstreamType = ${JSON.stringify(event.type)}`,
    `    public static let hailstreamClass = EventClass.${event.class}`,
    "",
  ];
}

function declare({ name, doc, fields }: CodeRecord, protocols: string, first: readonly string[]): string[] {
  const parameters = fields.map((field) => `        ${quoted(camel(field.name))}: ${parameter(field)}`);
  return [
    ...comment(doc),
    `public struct ${name}: ${protocols} {`,
    ...first,
    ...fields.flatMap((field) => [
      ...comment(field.doc, "    "),
      `    public let ${quoted(camel(field.name))}: ${typeOf(field)}`,
    ]),
    "",
    "    public init(",
    parameters.join(",\n"),
    "    ) {",
    ...fields.map(({ name: field }) => `        self.${quoted(camel(field))} = ${quoted(camel(field))}`),
    "    }",
    "",
    "    private enum CodingKeys: String, CodingKey {",
    ...fields.map(({ name: field }) => `        case ${quoted(camel(field))} = ${JSON.stringify(field)}`),
    "    }",
    "",
    // Written out, since what may be left out must stay out, and what may be null but not be left out must be null.
    "    public func encode(to encoder: Encoder) throws {",
    "        var container = encoder.container(keyedBy: CodingKeys.self)",
    ...fields.map(({ name: field, optional }) => {
      const own = quoted(camel(field));
      return `        try container.${optional ? "encodeIfPresent" : "encode"}(self.${own}, forKey: .${own})`;
    }),
    "    }",
    "}",
  ];
}

function parameter(field: CodeField): string {
  return field.optional ? `${typeOf(field)} = nil` : typeOf(field);
}

function typeOf({ type, optional }: CodeField): string {
  const words = typeText(type);
  return optional && !words.endsWith("?") ? `${words}?` : words;
}

function typeText(type: CodeType): string {
  switch (type.kind) {
    case "text":
      return "String";
    case "boolean":
      return "Bool";
    case "int":
      return "Int32";
    case "long":
      return "Int64";
    case "float":
      return "Float";
    case "double":
      return "Double";
    case "time":
      return "Timestamp";
    // Ids of several kinds of things have no type in common but text.
    case "id":
      return type.names.length === 1 ? (type.names[0] as string) : "String";
    case "named":
      return type.name;
    case "nullable":
      return `${typeText(type.of)}?`;
    case "list":
      return `[${typeText(type.of)}]`;
    case "map":
      return `[String: ${typeText(type.of)}]`;
  }
}

/** `on_trip` and `ON_TRIP` are onTrip. */
function constant(symbol: string): string {
  return camel(/[a-z]/.test(symbol) ? symbol : symbol.toLowerCase());
}

function quoted(name: string): string {
  return keywords.has(name) ? `\`${name}\`` : name;
}
