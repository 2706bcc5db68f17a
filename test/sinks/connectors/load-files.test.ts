import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { messageOf } from "../../../runtime/index.ts";
import { loadConnectors } from "../../../sinks/connectors/load-files.ts";
import { readConnectorFile } from "../../../sinks/connectors/read-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hailstream-connectors-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const refusal = (text: string): string => {
  write("own.yaml", text);
  try {
    loadConnectors(folder);
  } catch (error) {
    return messageOf(error).replaceAll(`${folder}/`, "");
  }
  throw new Error("the file was taken");
};

test("the connectors that ship are those that have always run", () => {
  expect(loadConnectors().map(({ config }) => [config.name, config.kind, config.mode, config.chain.isEmpty])).toEqual([
    ["alerts", "WebhookSink", "insert", true],
    ["events", "PostgresSink", "insert", true],
    ["quarantine", "QuarantineSink", "insert", true],
  ]);
});

test("a file is a tree or Kafka Connect's flat keys, and means the same", () => {
  const tree = `
name: own
connector.class: PostgresSink
topics: [driver-status, cities]
tasks.max: 2
consumer: { override: { group.id: mine } }
transforms:
  hide: { type: MaskField, fields: [driver_id, phone], replacement: "0" }
  kinds: { type: "Cast$Value", spec: { n: int32, at: string } }
`;
  const flat = `
name: own
connector.class: PostgresSink
topics: driver-status,cities
tasks.max: "2"
consumer.override.group.id: mine
transforms: hide,kinds
transforms.hide.type: MaskField
transforms.hide.fields: driver_id,phone
transforms.hide.replacement: 0
transforms.kinds.type: Cast$Value
transforms.kinds.spec: n:int32,at:string
`;
  expect(readConnectorFile("a", tree).config).toEqual(readConnectorFile("b", flat).config);
});

test("a file of one's own adds a connector or takes the place of a shipped one", () => {
  write(
    "cities.yaml",
    "name: cities\nconnector.class: PostgresSink\ntopics: cities\ninsert.mode: upsert\ninitial_state: STOPPED",
  );
  write("events.yml", "name: other\nconnector.class: PostgresSink\ntopics: cities");
  write("alerts.yaml", "name: alerts\nconnector.class: WebhookSink\ntopics: alerts\ninitial_state: PAUSED");
  const loaded = loadConnectors(folder);
  expect(loaded.map(({ config, initialState }) => [config.name, initialState])).toEqual([
    ["alerts", "PAUSED"],
    ["cities", "STOPPED"],
    ["events", "RUNNING"],
    ["other", "RUNNING"],
    ["quarantine", "RUNNING"],
  ]);
});

test("an error names file, line, what is expected and what was there", () => {
  expect(
    refusal(`name: own
connector.class: PostgresSink
topics: cities
tasks.max: many
insert.mode: merge
insrt.mode: upsert
transforms:
  hide:
    type: MaskFields
  kinds:
    type: Cast
    spec: n:int33
    predicate: rare
`),
  ).toBe(
    [
      'own.yaml:4: tasks.max: expected a whole number, got "many"',
      'own.yaml:5: insert.mode: expected one of insert, upsert, got "merge"',
      'own.yaml:9: transforms.hide.type: expected one of Filter, MaskField, ReplaceField, Cast, Flatten, InsertField, RegexRouter, ExtractTopic, got "MaskFields"',
      'own.yaml:12: transforms.kinds.spec: expected field:type pairs with the types int8, int16, int32, int64, float32, float64, boolean, string, got "n:int33"',
      'own.yaml:6: insrt.mode: expected a key that there is, got "upsert"; did you mean insert.mode?',
    ].join("\n"),
  );
  expect(refusal("name: own\n  topics: [")).toMatch(/^own\.yaml:\d+: YAML: expected a readable file, got /);
  expect(refusal("- own")).toBe(
    "own.yaml:1: YAML: expected keys with values, such as name: events, got something else",
  );
  expect(refusal("name: events\nconnector.class: PostgresSink\ntopics: cities")).toMatch(
    /^own\.yaml:1: name: expected a name of its own, got "events", as in /,
  );
  expect(refusal("name: own\nconnector.class: PostgresSink\ninitial_state: ASLEEP")).toBe(
    'own.yaml:3: initial_state: expected one of RUNNING, PAUSED, STOPPED, got "ASLEEP"',
  );
});

test("what does not go together is refused", () => {
  const own = (more: string) =>
    refusal(`name: own\nconnector.class: PostgresSink\n${more}`).replace(/^own\.yaml(:\d+)?: /, "");
  expect(own("insert.mode: upsert")).toBe("topics: expected either topics or topics.regex, got neither");
  expect(own('topics: ""')).toBe('topics: expected the name of a topic, got ""');
  expect(own("topics: a\ntopics.regex: b")).toBe("topics: expected either topics or topics.regex, got both");
  expect(own("topics: a\ntable.name.format: mine")).toMatch(/^table\.name\.format: expected/);
  expect(own("topics: a\ninsert.mode: upsert\ntransforms: { r: { type: ExtractTopic, field: f } }")).toMatch(
    /^transforms: expected no ExtractTopic in the mode upsert/,
  );
  const predicate =
    "predicates: { p: { type: RecordIsTombstone } }\ntransforms: { c: { type: Flatten, predicate: p } }";
  expect(own(`topics: a\n${predicate}`)).toMatch(/^transforms\.c\.predicate: expected no predicate/);
});
