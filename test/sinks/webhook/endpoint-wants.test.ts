import { expect, test } from "vitest";
import { isWanted, type Wants } from "../../../sinks/webhook/endpoint-wants.ts";

const alert = { severity: "warning", rule: "unmet-demand", labels: { city: "cty_nyc", app: "rider" } } as const;
const wants = (given: Partial<Wants>) => isWanted(alert, { least_severity: "info", rules: [], labels: {}, ...given });

test.each<[string, Partial<Wants>, boolean]>([
  ["everything", {}, true],
  ["warnings and up", { least_severity: "warning" }, true],
  ["only critical ones", { least_severity: "critical" }, false],
  ["its rule", { rules: ["safety-sos", "unmet-demand"] }, true],
  ["another rule", { rules: ["safety-sos"] }, false],
  ["one of two cities", { labels: { city: ["cty_sfo", "cty_nyc"] } }, true],
  ["another city", { labels: { city: ["cty_sfo"] } }, false],
  ["its city and another app", { labels: { city: ["cty_nyc"], app: ["driver"] } }, false],
  ["a label that it has not", { labels: { trip: ["trp_1"] } }, false],
  ["its rule, but only critical ones", { rules: ["unmet-demand"], least_severity: "critical" }, false],
])("who wants %s", (_words, given, expected) => {
  expect(wants(given)).toBe(expected);
});
