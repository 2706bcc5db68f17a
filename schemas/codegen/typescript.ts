import { comment, type Language } from "./language.ts";
import { type CodeField, type CodeModel, type CodeType, camel } from "./model.ts";

/** TypeScript without dependencies: types that vanish when they are compiled, and a function an event. */
export const typescript: Language = {
  file: "events.ts",
  names: ["Tracker", "Events", "EventType", "EventClass", "Date", "Readonly", "Record", "TypeError", "Error"],
  memberOf: (name) => name,
  members: [],
  write: (model, header) => `${[...header.map((line) => `// ${line}`), "", ...body(model)].join("\n")}\n`,
};

function body({ ids, enums, records, events }: CodeModel): string[] {
  return [
    ...(ids.length === 0 ? [] : checkId),
    ...ids.flatMap(({ name, prefix }) => [
      `/** An id that begins with ${prefix}; neither an id of another thing nor any text will do. */`,
      `export type ${name} = \`${prefix}\${string}\`;`,
      "",
      `/** The text as such an id, for where ids come into the app. @throws TypeError when it is none */`,
      `export function ${camel(name)}(text: string): ${name} {`,
      `  return checkId<${name}>("${prefix}", text);`,
      "}",
      "",
    ]),
    ...enums.flatMap(({ name, doc, symbols }) => [
      ...comment(doc),
      `export type ${name} = ${symbols.map((symbol) => JSON.stringify(symbol)).join(" | ")};`,
      "",
    ]),
    ...[...records, ...events].flatMap(({ name, doc, fields }) => [
      ...comment(doc),
      `export type ${name} = {`,
      ...fields.flatMap((field) => [...comment(field.doc, "  "), `  ${member(field)}`]),
      "};",
      "",
    ]),
    "/** The data of each event by its type; `createClient<Events>` of `@hailstream/client` takes it. */",
    "export type Events = {",
    ...events.map(({ type, name }) => `  readonly ${JSON.stringify(type)}: ${name};`),
    "};",
    "",
    "export type EventType = keyof Events;",
    "",
    "/** Who is given up first when a device has no room: bulk before normal, critical last. */",
    'export type EventClass = "critical" | "normal" | "bulk";',
    "",
    "/** The class of each event: the option `classes` of `createClient`. */",
    "export const classes: Readonly<Record<EventType, EventClass>> = {",
    ...events.map((event) => `  ${JSON.stringify(event.type)}: ${JSON.stringify(event.class)},`),
    "};",
    "",
    "/** What takes the events: the client of `@hailstream/client`, or anything else with such a `track`. `R` is what it gives. */",
    "export type Tracker<R> = {",
    "  track<T extends EventType>(type: T, data: Events[T], subject?: string): R;",
    "};",
    "",
    ...events.flatMap(({ type, name, doc }) => [
      ...comment(`${doc} Tracks \`${type}\`; \`subject\` is that of the envelope.`),
      `export function track${name}<R>(to: Tracker<R>, data: ${name}, subject?: string): R {`,
      `  return to.track(${JSON.stringify(type)}, data, subject);`,
      "}",
      "",
    ]),
  ].slice(0, -1);
}

const checkId = [
  "function checkId<Id extends string>(prefix: string, text: string): Id {",
  "  if (text.startsWith(prefix) && text.length > prefix.length) return text as Id;",
  "  // Whatever it is may be personal, so the message does not repeat it.",
  "  throw new TypeError(`Expected an id that begins with $" +
    "{prefix}, got another text of $" +
    "{text.length} characters`);",
  "}",
  "",
];

function member({ name, type, optional }: CodeField): string {
  return optional ? `readonly ${name}?: ${typeText(type)} | undefined;` : `readonly ${name}: ${typeText(type)};`;
}

function typeText(type: CodeType): string {
  switch (type.kind) {
    case "text":
      return "string";
    case "boolean":
      return "boolean";
    // As JSON it is a text with milliseconds and offset.
    case "time":
      return "Date";
    case "int":
    case "long":
    case "float":
    case "double":
      return "number";
    case "id":
      return type.names.join(" | ");
    case "named":
      return type.name;
    case "nullable":
      return `${typeText(type.of)} | null`;
    case "list": {
      const item = typeText(type.of);
      return item.includes("|") ? `readonly (${item})[]` : `readonly ${bracketed(item)}[]`;
    }
    case "map":
      return `Readonly<Record<string, ${typeText(type.of)}>>`;
  }
}

function bracketed(item: string): string {
  return item.startsWith("readonly ") ? `(${item})` : item;
}
