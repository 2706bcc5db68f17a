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
    "as break class continue do else false for fun if in interface is null object package return super this throw true " +
    "try typealias typeof val var when while"
  ).split(" "),
);

/** Kotlin with kotlinx.serialization: a data class an event, which writes itself as JSON. */
export const kotlin: Language = {
  file: "Events.kt",
  names: (
    "String Boolean Int Long Float Double List Map Json Serializable SerialName JvmInline EventClass HailstreamEvent " +
    "Timestamp Override"
  ).split(" "),
  memberOf: camel,
  members: ["hailstreamType", "hailstreamClass", "toJson"],
  write: (model, header) => `${[...header.map((line) => `// ${line}`), "", ...body(model)].join("\n")}\n`,
};

function body(model: CodeModel): string[] {
  const { ids, enums, records, events } = model;
  return [
    "package hailstream.events",
    "",
    "import kotlinx.serialization.SerialName",
    "import kotlinx.serialization.Serializable",
    "import kotlinx.serialization.encodeToString",
    "import kotlinx.serialization.json.Json",
    "",
    "/** Fields that are left out stay out: ingest gives them their defaults. */",
    "private val json = Json { encodeDefaults = false }",
    "",
    "/** Who is given up first when a device has no room: bulk before normal, critical last. */",
    "enum class EventClass { CRITICAL, NORMAL, BULK }",
    "",
    "/** The data of an event. */",
    "sealed interface HailstreamEvent {",
    "    /** The type in the envelope of the event. */",
    "    val hailstreamType: String",
    "    val hailstreamClass: EventClass",
    "    /** The data as JSON. Throws SerializationException for a number that is none. */",
    "    fun toJson(): String",
    "}",
    "",
    ...(holdsTimes(model) ? timestamp : []),
    ...ids.flatMap(({ name, prefix }) => [
      `/** ${prefix} and an opaque rest. Throws IllegalArgumentException for another text. */`,
      "@JvmInline",
      "@Serializable",
      `value class ${name}(val text: String) {`,
      "    init {",
      `        require(text.startsWith("${prefix}") && text.length > ${prefix.length}) { "an id must begin with ${prefix}" }`,
      "    }",
      "}",
      "",
    ]),
    ...enums.flatMap(({ name, doc, symbols }) => [
      ...comment(doc),
      "@Serializable",
      `enum class ${name} {`,
      ...symbols.map((symbol) => `    @SerialName(${text(symbol)}) ${quoted(constant(symbol))},`),
      "}",
      "",
    ]),
    ...records.flatMap((record) => [...declare(record), ")", ""]),
    ...events.flatMap((event) => [...declare(event), ...overrides(event), ""]),
  ].slice(0, -1);
}

const timestamp = [
  "/** A moment, in whole milliseconds since 1970. */",
  "@JvmInline",
  "@Serializable",
  "value class Timestamp(val epochMillis: Long)",
  "",
];

function declare({ name, doc, fields }: CodeRecord): string[] {
  return [
    ...comment(doc),
    "@Serializable",
    `${fields.length === 0 ? "class" : "data class"} ${name}(`,
    ...fields.flatMap((field) => [...comment(field.doc, "    "), `    ${parameter(field)},`]),
  ];
}

function overrides(event: CodeEvent): string[] {
  return [
    ") : HailstreamEvent {",
    `    override val hailstreamType: String get() = ${text(event.type)}`,
    `    override val hailstreamClass: EventClass get() = EventClass.${event.class.toUpperCase()}`,
    "    override fun toJson(): String = json.encodeToString(this)",
    "}",
  ];
}

function parameter({ name, type, optional }: CodeField): string {
  const words = typeText(type);
  const standard = optional ? `${words.endsWith("?") ? words : `${words}?`} = null` : words;
  return `@SerialName(${text(name)}) val ${quoted(camel(name))}: ${standard}`;
}

function typeText(type: CodeType): string {
  switch (type.kind) {
    case "text":
      return "String";
    case "boolean":
      return "Boolean";
    case "int":
      return "Int";
    case "long":
      return "Long";
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
      return `List<${typeText(type.of)}>`;
    case "map":
      return `Map<String, ${typeText(type.of)}>`;
  }
}

/** `on_trip` is ON_TRIP. */
function constant(symbol: string): string {
  return symbol.toUpperCase();
}

function quoted(name: string): string {
  return keywords.has(name) ? `\`${name}\`` : name;
}

function text(value: string): string {
  return JSON.stringify(value).replaceAll("$", "\\$");
}
