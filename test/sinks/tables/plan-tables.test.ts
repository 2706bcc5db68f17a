import { expect, test } from "vitest";
import { readConfig } from "../../../sinks/connectors/config.ts";
import type { FlatConfig } from "../../../sinks/connectors/keys.ts";
import type { StoredType } from "../../../sinks/index.ts";
import { planTables } from "../../../sinks/tables/plan-tables.ts";

const type: StoredType = {
  name: "rank.car",
  doc: "A car at a taxi rank.",
  topic: "ranks",
  keyField: "car_id",
  schema: {
    type: "record",
    name: "RankCar",
    fields: [
      { name: "car_id", type: "string", doc: "The car." },
      { name: "phone", type: "string", doc: "Of the driver.", pii: "sensitive" },
      {
        name: "driver",
        doc: "Who drives.",
        pii: "identifier",
        type: { type: "record", name: "Driver", fields: [{ name: "name", type: "string", doc: "Full." }] },
      },
    ],
  },
};

function plan(given: FlatConfig = { "insert.mode": "upsert" }) {
  const { config, problems } = readConfig({
    name: "own",
    "connector.class": "PostgresSink",
    topics: "ranks",
    ...given,
  });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return planTables(config, [type]);
}

/** The columns of the only table that personal data may stand in. */
function personal(given: FlatConfig): readonly string[] {
  const [table] = plan(given).tables;
  return (table?.definition.columns ?? []).filter(({ pii }) => pii !== undefined).map(({ name }) => name);
}

test("what is personal stays so: the key of a row, a marked field under another name, what is flattened out of a marked record", () => {
  expect(personal({ "insert.mode": "upsert" })).toEqual(["record_key", "subject", "phone", "driver"]);
  expect(
    personal({
      transforms: "flat,other",
      "transforms.flat.type": "Flatten",
      "transforms.flat.delimiter": "_",
      "transforms.other.type": "ReplaceField",
      "transforms.other.renames": "phone:number",
    }),
  ).toEqual(expect.arrayContaining(["number", "driver_name"]));
});

test("a table has one type, a name that Postgres takes, and none of the catalogue's", () => {
  const named = (format: string) =>
    plan({ "insert.mode": "upsert", "table.name.format": format }).tables.map(({ name }) => name);
  expect(plan().tables.map(({ name }) => name)).toEqual(["own_rank_car"]);
  expect(named(`\${topic}-of-\${connector}`)).toEqual(["ranks_of_own"]);
  expect(() => named(`\${type}`)).toThrow(/belongs to the catalogue/);
  expect(() => named("1")).toThrow(/cannot name a table/);
  expect(() => named("x".repeat(60))).toThrow(/cannot name a table/);
});
