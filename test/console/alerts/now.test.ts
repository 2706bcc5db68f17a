import { expect, test } from "vitest";
import { maskSilence, maskTransition, maskWatched } from "../../../console/alerts/mask.ts";
import { alertsNow } from "../../../console/alerts/now.ts";
import type { Standing } from "../../../console/alerts/port.ts";
import type { RuleLine, Silence, Transition } from "../../../console/alerts/shapes.ts";

const rules: readonly RuleLine[] = [
  { name: "sos", source: "file", severity: "critical", description: "Somebody calls for help.", on: ["safety.sos"] },
  { name: "demand", source: "file", severity: "warning", description: "No driver.", on: ["trip.requested"] },
];

function standing(rule: string, state: Standing["state"], labels: Record<string, string>, more = {}): Standing {
  return { rule, state, labels, allLabels: { ...more, ...labels } };
}

function silence(matches: Record<string, string>, ends = 2_000): Silence {
  return { id: "sil_1", matches, starts: 1_000, ends, reason: "a drill", madeBy: "me" };
}

test("what is all right is counted, the rest comes by urgency, what is silenced last", () => {
  const standings = [
    standing("demand", "pending", { city: "a" }),
    standing("sos", "inactive", { sos_id: "1" }),
    standing("sos", "firing", { sos_id: "2" }, { city: "b" }),
    standing("demand", "firing", { city: "b" }),
    standing("sos", "no_data", { sos_id: "3" }),
  ];
  const { watched, total, quiet } = alertsNow(1_500, standings, rules, [silence({ city: "b", rule: "sos" })]);
  expect([total, quiet]).toEqual([4, 1]);
  expect(watched.map(({ rule, state, silencedBy }) => [rule, state, silencedBy.length])).toEqual([
    ["demand", "firing", 0],
    ["sos", "no_data", 0],
    ["demand", "pending", 0],
    // By a label that only its event gave.
    ["sos", "firing", 1],
  ]);
});

test("a silence needs all of its labels, counts rule and severity among them, and holds until its end", () => {
  const silenced = (matches: Record<string, string>, at = 1_500) =>
    alertsNow(at, [standing("sos", "firing", { sos_id: "2" })], rules, [silence(matches)]).watched[0]?.silencedBy;
  expect(silenced({ severity: "critical" })).toEqual(["sil_1"]);
  expect(silenced({ severity: "critical", sos_id: "3" })).toEqual([]);
  expect(silenced({ city: "" })).toEqual([]);
  expect(silenced({ rule: "sos" }, 2_000)).toEqual([]);
  expect(silenced({ rule: "sos" }, 999)).toEqual([]);
});

test("of a rule that this process does not have the state is shown all the same", () => {
  const { watched } = alertsNow(1, [standing("foreign", "firing", {})], rules, []);
  expect(watched).toMatchObject([{ rule: "foreign", severity: "unknown", description: "" }]);
});

test("the role view sees no summary and no value of a label", () => {
  const [watched] = alertsNow(
    1,
    [{ ...standing("sos", "firing", { person: "rdr_1" }), summary: "rdr_1" }],
    rules,
    [],
  ).watched;
  const transition = { summary: "rdr_1", labels: { person: "rdr_1" }, rule: "sos" } as unknown as Transition;
  const masked = [
    watched && maskWatched(watched),
    maskTransition(transition),
    maskSilence(silence({ rule: "sos", person: "rdr_1" })),
  ];
  expect(JSON.stringify(masked)).not.toContain("rdr_1");
  expect(masked[2]).toMatchObject({ matches: { rule: "sos", person: "(hidden)" } });
});
