import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { readRule } from "../../../stream/alerts/load-rules.ts";
import { loadRules } from "../../../stream/index.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { alertDriver, eventOf, nowhere, rulesOf, toldBy } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const start = Date.UTC(2026, 0, 5, 8);
const minute = 60_000;

describe("the shipped SOS rule", () => {
  const sos = (id: string, data: Readonly<Record<string, unknown>> = {}) =>
    eventOf(schemas, "safety.sos", id, start - 500, {
      ...{ sos_id: "sos_1", person_id: "rdr_1", reported_by: "rider", trip_id: "trp_1" },
      ...{ latitude: 40.7484, longitude: -73.9857, note: "a secret that stays inside", ...data },
    });
  const shipped = (cityAt: () => string | undefined = nowhere) => loadRules(schemas.catalogue, cityAt);

  test("an SOS becomes one critical alert that says who, where and on which trip, and ends half an hour later", async () => {
    const driver = alertDriver(
      schemas,
      shipped(() => "cty_nyc"),
    );
    await driver.pipe("safety", [sos("a").record, sos("b").record]);
    const [first, ...more] = await toldBy(driver, schemas);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      ...{ alert_key: "safety-sos/sos_1", rule: "safety-sos", severity: "critical", status: "firing" },
      ...{ event_id: "a", event_type: "safety.sos", started_at: start - 500, notification: "opened", sequence: 1 },
      labels: { sos_id: "sos_1", person_id: "rdr_1", reported_by: "rider", trip_id: "trp_1", city: "cty_nyc" },
      ...{ latitude: 40.7484, longitude: -73.9857, cause: "condition" },
      summary: "The rider rdr_1 pressed the emergency button on trip trp_1, at 40.74840, -73.98570 (cty_nyc).",
    });
    expect(JSON.stringify(first)).not.toContain("a secret");
    await driver.advance(31 * minute);
    const told = await toldBy(driver, schemas);
    expect(told.map(({ notification }) => notification)).toEqual(["opened", "repeated", "resolved"]);
    expect(new Set(told.map(({ alert_id }) => alert_id)).size).toBe(1);
    expect(told.at(-1)).toMatchObject({ status: "resolved", sequence: 3, ended_at: start + 30 * minute });
  });

  test("without trip and position it says so", async () => {
    const driver = alertDriver(schemas, shipped());
    await driver.pipe("safety", [sos("a", { trip_id: null, latitude: null, longitude: null }).record]);
    const [told] = await toldBy(driver, schemas);
    expect(told?.summary).toBe("The rider rdr_1 pressed the emergency button outside a trip, at an unknown place.");
    expect(told?.labels).toEqual({ sos_id: "sos_1", person_id: "rdr_1", reported_by: "rider" });
  });

  test("the same event gives the same ids", async () => {
    const ids = async () => {
      const driver = alertDriver(schemas, shipped());
      await driver.pipe("safety", [sos("a").record]);
      return (await toldBy(driver, schemas)).map(({ id, alert_id }) => [id, alert_id]);
    };
    expect(await ids()).toEqual(await ids());
  });
});

describe("a file that cannot be used says line, key, expected and got", () => {
  const good = [
    "name: many-cancellations",
    "description: d",
    "on: [trip.cancelled, trip.requested]",
    "by: {city: event.source}",
    "window: 10m",
    "values: {cancelled: {count: event.type == 'trip.cancelled'}}",
    "when: cancelled >= 5",
    "severity: warning",
    "summary: '{{ cancelled }} in {{ labels.city }}'",
  ];
  const refused = (line: number, text: string) => {
    const lines = [...good];
    lines[line - 1] = text;
    try {
      readRule("r.yaml", lines.join("\n"), schemas.catalogue, nowhere);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("it was taken");
  };
  test("the rule itself is good", () => {
    const { rule } = readRule("r.yaml", good.join("\n"), schemas.catalogue, nowhere);
    expect(rule.topics).toEqual(["trip-events-enriched"]);
  });
  test.each([
    [3, "on: trip.canceled", "r.yaml:3: on.0: expected an event type, got trip.canceled; did you mean trip.cancelled?"],
    [3, "on: []", /r\.yaml:3: on: expected/],
    [4, "by: {city: data.city}", /r\.yaml:4: by\.city: No such key: city/],
    [5, "window: ten", 'r.yaml:5: window: expected a duration such as 30s, 5m, 2h or 1d, got "ten"'],
    [5, "windo: 10m", "r.yaml:5: windo is no key of a rule; did you mean window?"],
    [6, "values: {cancelled: {count: data.trip_id}}", /r\.yaml:6: values\.cancelled\.count: it gives string/],
    [7, "when: canceled >= 5", "r.yaml:7: when: Unknown variable: canceled"],
    [7, "when: cancelled +", /r\.yaml:7: when: Unexpected token: EOF/],
    [7, "when: cancelled", "r.yaml:7: when: it gives double, and bool is needed"],
    [8, "severity: urgent", 'r.yaml:8: severity: expected info, warning or critical, got "urgent"'],
    [9, "summary: '{{ data.trip_id }}'", "r.yaml:9: summary: Unknown variable: data"],
    [9, "summary: [", /r\.yaml:\d+: /],
    [5, "absent_for: 5m", /a rule with absent_for fires when nothing arrives/],
  ])("line %i: %s", (line, text, expected) => {
    expect(refused(line, text)).toMatch(expected);
  });
  test("rules that name each other are checked together", () => {
    const other = good.join("\n").replace("many-cancellations", "other");
    expect(() => rulesOf(schemas, good.join("\n"), `${other}\ninhibited_by: [{rule: nobody}]`)).toThrow("nobody");
    expect(() =>
      rulesOf(schemas, good.join("\n"), `${other}\ninhibited_by: [{rule: many-cancellations, equal: [cell]}]`),
    ).toThrow("cell");
  });
});
