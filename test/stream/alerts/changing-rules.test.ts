import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { alertFlow, alertKeepingFlow, matchingFlows } from "../../../stream/alerts/alert-flows.ts";
import { createRules, type Rules } from "../../../stream/alerts/rules.ts";
import { lookRecord, signalTopic } from "../../../stream/alerts/signal.ts";
import { noSilences } from "../../../stream/alerts/silences.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import { createTopologyDriver, type TopologyDriver } from "../../support/topology-driver.ts";
import { eventOf, rulesOf, toldBy } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const second = 1_000;
const rule = (name: string, ...lines: readonly string[]) =>
  [`name: ${name}`, "description: d", "on: payment.failed", "by: {city: data.trip_id}", "severity: info", "summary: s"]
    .concat(["holds_for: 1h", "repeat_interval: 1d", ...lines])
    .join("\n");

/** The rules of a process that may be others at any moment; `latest` is what the database has. */
function process(latest: { now: Rules }) {
  let known = latest.now;
  const rules: Rules & { refresh(): Promise<void> } = {
    scopeOf: (...of) => known.scopeOf(...of),
    async refresh() {
      known = latest.now;
    },
    get all() {
      return known.all;
    },
    get byName() {
      return known.byName;
    },
    get topics() {
      return known.topics;
    },
    get change() {
      return known.change ?? 0;
    },
  };
  return rules;
}

/** One process that matches and one that keeps; each learns of a change when the test says so. */
function pipeline(...texts: readonly string[]) {
  return pipelineThatDies([], ...texts);
}

function pipelineThatDies(deaths: readonly number[], ...texts: readonly string[]) {
  const latest = { now: { ...rulesOf(schemas, ...texts), change: 1 } as Rules };
  const [matcher, keeper] = [process(latest), process(latest)];
  const driver = createTopologyDriver({
    ...{ idleMs: second, deaths },
    flows: matchingFlows(schemas, matcher),
    remembering: [alertKeepingFlow(schemas, keeper, noSilences)],
  });
  const put = (...next: readonly string[]) => {
    const { change = 0 } = latest.now;
    latest.now = { ...(next.length === 0 ? createRules([]) : rulesOf(schemas, ...next)), change: change + 1 };
  };
  const look = () =>
    driver.pipe(
      signalTopic,
      [...driver.memory(alertFlow).keys()].map((key) => lookRecord(key, latest.now.change ?? 0)),
    );
  return { driver, matcher, keeper, put, look };
}

let count = 0;
async function pay(driver: TopologyDriver, city: string, amount: number): Promise<void> {
  const { topic, record } = eventOf(schemas, "payment.failed", `e${++count}`, driver.nowMs, { trip_id: city, amount });
  await driver.pipe(topic, [record]);
}
const story = async (driver: TopologyDriver) =>
  (await toldBy(driver, schemas)).map(({ notification, alert_key }) => `${notification} ${alert_key}`);

test("the first event that a new rule hears is told, though whoever keeps alerts does not know the rule yet", async () => {
  const { driver, matcher, put } = pipeline(rule("old", "when: data.amount > 1000"));
  put(rule("old", "when: data.amount > 1000"), rule("new"));
  await matcher.refresh();
  await pay(driver, "a", 5);
  expect(await story(driver)).toEqual(["opened new/a"]);
});

test("what a rule told is resolved at the look that follows its removal, once", async () => {
  const { driver, matcher, keeper, put, look } = pipeline(rule("one"), rule("two"));
  await pay(driver, "a", 5);
  put(rule("two"));
  await matcher.refresh();
  // The look itself tells whoever keeps alerts that there are newer rules.
  expect(keeper.byName.has("one")).toBe(true);
  await look();
  await look();
  await pay(driver, "a", 5);
  expect(await story(driver)).toEqual(["opened one/a", "opened two/a", "resolved one/a"]);
});

test("whoever has older rules leaves alone what newer ones have judged, and nothing is told twice", async () => {
  const { driver, matcher, keeper, put } = pipeline(rule("one", "when: data.amount > 1000"));
  const old = { now: { ...rulesOf(schemas, rule("one", "when: data.amount > 1000")), change: 1 } as Rules };
  put(rule("one", "when: data.amount > 10"), rule("two"));
  await matcher.refresh();
  await pay(driver, "a", 500);
  expect(await story(driver)).toEqual(["opened one/a", "opened two/a"]);

  // The partition comes to a process that has not heard of the change.
  const behind = process(old);
  const step = alertKeepingFlow(schemas, behind, noSilences).step;
  for (const [key, row] of driver.memory(alertFlow)) {
    const state: unknown = JSON.parse(row.value);
    const woken = step.wake(state, { watermark: driver.nowMs + 60 * second, late: false });
    expect(woken, key).toMatchObject({ state, emit: [], wakeMs: driver.nowMs + 61 * second });
  }
  expect(keeper.change).toBe(2);
});

test("a threshold that changes goes on with the incident; a window that is collected otherwise begins anew", async () => {
  const window = (size: string) =>
    rule("one").replace("holds_for: 1h", `window: ${size}\nvalues: {n: {count: 'true'}}\nwhen: n > 1`);
  const { driver, matcher, put } = pipeline(rule("two", "when: data.amount > 10"), window("10m"));
  await pay(driver, "a", 500);
  await pay(driver, "a", 500);
  put(rule("two", "when: data.amount > 20"), window("20m"));
  await matcher.refresh();
  await pay(driver, "a", 600);
  expect(await story(driver)).toEqual(["opened two/a", "opened one/a", "resolved one/a"]);
  await pay(driver, "a", 600);
  expect(await story(driver)).toEqual(["opened two/a", "opened one/a", "resolved one/a", "opened one/a"]);
});

test("a rule that others are tied to moves to another scope: what it told is resolved and told anew, also what was on its way", async () => {
  const tie = rule("tie", "when: data.amount > 1000", "inhibited_by: [{rule: one, equal: [city]}]");
  const { driver, matcher, keeper, put, look } = pipeline(rule("one"));
  await pay(driver, "a", 5);
  put(rule("one"), tie);
  await keeper.refresh();
  // Matched by older rules, so it comes to the scope of before.
  await pay(driver, "b", 5);
  expect(await story(driver)).toEqual(["opened one/a", "opened one/b"]);
  await matcher.refresh();
  await look();
  await driver.advance(5 * second);
  await pay(driver, "a", 5);
  const told = await story(driver);
  expect(told.sort()).toEqual(["opened one/a", "opened one/a", "opened one/b", "resolved one/a", "resolved one/b"]);
  await driver.advance(60 * second);
  expect((await story(driver)).length).toBe(told.length);
});

test("a rule hears nothing of what arrived before it was made", async () => {
  const { driver, matcher, put } = pipeline(rule("old", "when: data.amount > 1000"));
  await driver.advance(60 * second);
  put(rule("old", "when: data.amount > 1000"), rule("new"));
  await matcher.refresh();
  const made = matcher.byName.get("new");
  Object.assign(made ?? {}, { sinceMs: driver.nowMs + second });
  await pay(driver, "a", 5);
  await driver.advance(2 * second);
  await pay(driver, "b", 5);
  expect(await story(driver)).toEqual(["opened new/b"]);
});

test("a death at any effect while rules are changed and removed tells the same", async () => {
  const run = async (...deaths: readonly number[]) => {
    count = 0;
    const { driver, matcher, put, look } = pipelineThatDies(deaths, rule("one", "when: data.amount > 10"), rule("two"));
    await pay(driver, "a", 500);
    put(rule("one", "when: data.amount > 100"));
    await look();
    await pay(driver, "a", 600);
    await matcher.refresh();
    await pay(driver, "b", 700);
    put();
    await look();
    const told = await toldBy(driver, schemas);
    return {
      effects: driver.effects,
      died: driver.died,
      told: told.map(({ id, notification }) => `${id} ${notification}`),
    };
  };
  const whole = await run();
  expect(whole.told.map((line) => line.split(" ")[1])).toEqual([
    "opened",
    "opened",
    "resolved",
    "opened",
    "resolved",
    "resolved",
  ]);
  for (let death = 1; death < whole.effects; death++) {
    const again = await run(death);
    expect(again.told, `a death at effect ${death}`).toEqual(whole.told);
    expect(again.died).toBe(1);
  }
});
