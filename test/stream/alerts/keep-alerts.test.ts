import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Schemas } from "../../../schemas/index.ts";
import { createSilences } from "../../../stream/alerts/silences.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";
import type { TopologyDriver } from "../../support/topology-driver.ts";
import { alertDriver, eventOf, rulesOf, toldBy } from "./alert-driver.ts";

let offline: Awaited<ReturnType<typeof startOfflineSchemas>>;
let schemas: Schemas;
beforeAll(async () => {
  offline = await startOfflineSchemas();
  schemas = offline.schemas;
});
afterAll(() => offline.stop());

const start = Date.UTC(2026, 0, 5, 8);
const second = 1_000;
const minute = 60 * second;
let count = 0;

/** Payments of cities: the driver's clock says when. */
async function pay(driver: TopologyDriver, city: string, amount: number, ageMs = 0): Promise<void> {
  const data = { trip_id: city, amount };
  const { topic, record } = eventOf(schemas, "payment.failed", `e${++count}`, driver.nowMs - ageMs, data);
  await driver.pipe(topic, [record]);
}
const rule = (...lines: readonly string[]) =>
  ["name: payments", "description: d", "on: payment.failed", "by: {city: data.trip_id}", ...lines]
    .concat(["severity: warning", "summary: 'payments in {{ labels.city }}'"])
    .join("\n");
/** When and why each message was told, in seconds from the start. */
async function story(driver: TopologyDriver): Promise<readonly string[]> {
  return (await toldBy(driver, schemas)).map(
    ({ time, notification, alert_key }) => `${(Date.parse(time) - start) / second}s ${notification} ${alert_key}`,
  );
}

describe("a condition on single events", () => {
  test("fires when it holds for as long as wanted, and is resolved when it has not held for as long as wanted", async () => {
    const driver = alertDriver(
      schemas,
      rulesOf(schemas, rule("when: data.amount > 100", "for: 60s", "keep_firing_for: 30s", "holds_for: 90s")),
    );
    await pay(driver, "a", 500);
    await driver.advance(30 * second);
    await pay(driver, "a", 50);
    await driver.advance(5 * minute);
    expect(await story(driver), "it held too short").toEqual([]);

    await pay(driver, "a", 500);
    await driver.advance(80 * second);
    await pay(driver, "a", 50);
    await driver.advance(10 * second);
    await pay(driver, "a", 500);
    await driver.advance(20 * second);
    await pay(driver, "a", 50);
    await driver.advance(5 * minute);
    expect(await story(driver)).toEqual(["390s opened payments/a", "470s resolved payments/a"]);
    const told = await toldBy(driver, schemas);
    expect(told[0]).toMatchObject({ started_at: start + 330 * second, ended_at: null });
    expect(told[1]).toMatchObject({ started_at: start + 330 * second, ended_at: start + 440 * second });
  });

  test("is told again at exactly the repeat interval", async () => {
    const driver = alertDriver(
      schemas,
      rulesOf(schemas, rule("when: data.amount > 100", "holds_for: 1h", "repeat_interval: 7m")),
    );
    await driver.advance(1_234);
    await pay(driver, "a", 500);
    for (let i = 0; i < 30; i++) await driver.advance(minute);
    const at = (n: number) => 1.234 + n * 7 * 60;
    expect(await story(driver)).toEqual([
      `${at(0)}s opened payments/a`,
      ...[1, 2, 3, 4].map((n) => `${at(n)}s repeated payments/a`),
    ]);
  });
});

describe("a window", () => {
  const many = rule(
    "window: 100s",
    "values: {n: {count: 'true'}, sum: {sum: data.amount}}",
    "when: n >= 3 && sum > 10",
  );

  test("counts what lies in it, and resolves when that has left it", async () => {
    const driver = alertDriver(schemas, rulesOf(schemas, many));
    for (let i = 0; i < 3; i++) {
      await pay(driver, "a", 10);
      await pay(driver, "b", 1);
      await driver.advance(10 * second);
    }
    await driver.advance(5 * minute);
    expect(await story(driver)).toEqual(["20s opened payments/a", "100s resolved payments/a"]);
  });

  test("leaves out what happened before it, so that old events that arrive together wake nobody", async () => {
    const driver = alertDriver(schemas, rulesOf(schemas, many));
    for (let i = 0; i < 10; i++) await pay(driver, "a", 10, 5 * minute);
    expect(await story(driver)).toEqual([]);
  });

  test("counts an event that is read twice once", async () => {
    const driver = alertDriver(schemas, rulesOf(schemas, many), { deaths: [3, 3, 3] });
    await pay(driver, "a", 10);
    await pay(driver, "a", 10);
    expect(driver.died).toBe(3);
    expect(await story(driver)).toEqual([]);
    await pay(driver, "a", 10);
    expect(await story(driver)).toHaveLength(1);
  });
});

test("absence fires when nothing has come for as long, and is resolved by the next event", async () => {
  const driver = alertDriver(schemas, rulesOf(schemas, rule("absent_for: 60s", "where: data.amount > 1")));
  await pay(driver, "a", 2);
  await driver.advance(50 * second);
  await pay(driver, "a", 2);
  await driver.advance(50 * second);
  await pay(driver, "a", 1);
  expect(await story(driver)).toEqual([]);
  await driver.advance(20 * second);
  // Presence is told every five seconds, so absence is sure five seconds later.
  expect(await story(driver)).toEqual(["115s opened payments/a"]);
  await pay(driver, "a", 2);
  expect((await story(driver))[1]).toBe("120s resolved payments/a");
});

test("a rule that hears nothing more says so, when it is asked to", async () => {
  const driver = alertDriver(
    schemas,
    rulesOf(schemas, rule("when: data.amount > 100", "no_data_after: 10m", "holds_for: 1m")),
  );
  await pay(driver, "a", 1);
  await driver.advance(11 * minute);
  const [told] = await toldBy(driver, schemas);
  expect(told).toMatchObject({ cause: "no_data", status: "firing", alert_key: "payments/a" });
  expect(await story(driver)).toEqual(["600s opened payments/a"]);
  await pay(driver, "a", 1);
  expect((await toldBy(driver, schemas)).at(-1)).toMatchObject({ status: "resolved", alert_id: told?.alert_id });
});

test("a rule that fails says so once, and is well again ten minutes after its last failure", async () => {
  const failing = rulesOf(schemas, rule("when: int(data.trip_id) > 1"));
  const driver = alertDriver(schemas, failing);
  for (let i = 0; i < 5; i++) await pay(driver, "a", 1);
  const [told, ...more] = await toldBy(driver, schemas);
  expect(more).toEqual([]);
  expect(told).toMatchObject({ cause: "error", status: "firing" });
  expect(told?.summary).toMatch(/^The rule payments fails: /);
  await driver.advance(11 * minute);
  expect(await story(driver)).toEqual(["0s opened payments/", "600s resolved payments/"]);
});

test("a group is told once with its members, and again when more have joined", async () => {
  const grouped = rule(
    ...["when: data.amount > 100", "holds_for: 1h", "group_by: []", "group_interval: 5m", "repeat_interval: 1h"],
  );
  const driver = alertDriver(schemas, rulesOf(schemas, grouped), { partitions: 3 });
  await pay(driver, "a", 500);
  await pay(driver, "b", 500);
  await pay(driver, "c", 500);
  await driver.advance(6 * minute);
  expect(await story(driver)).toEqual(["0s opened payments", "300s changed payments"]);
  const [, changed] = await toldBy(driver, schemas);
  expect(changed?.members.map(({ labels }) => labels.city).sort()).toEqual(["a", "b", "c"]);
  await pay(driver, "b", 1);
  await pay(driver, "c", 1);
  await pay(driver, "a", 1);
  const last = (await toldBy(driver, schemas)).at(-1);
  expect(last).toMatchObject({ status: "resolved", sequence: 3 });
  expect(last?.members.map(({ status }) => status)).toEqual(["resolved", "resolved", "resolved"]);
});

test("while a rule inhibits another, that one is not told, and is told when it still fires afterwards", async () => {
  const big = rule("when: data.amount > 1000").replace("name: payments", "name: big");
  const small = rule("when: data.amount > 10", "inhibited_by: [{rule: big, equal: [city]}]");
  const driver = alertDriver(schemas, rulesOf(schemas, big, small), { partitions: 3 });
  await pay(driver, "a", 5_000);
  await pay(driver, "b", 50);
  expect(await story(driver)).toEqual(["0s opened big/a", "0s opened payments/b"]);
  await driver.advance(minute);
  await pay(driver, "a", 50);
  expect((await story(driver)).slice(2).sort()).toEqual(["60s opened payments/a", "60s resolved big/a"]);
});

test("a silence holds back until it ends, not longer; what is over by then is never told", async () => {
  const silences = createSilences([
    { id: "s", startsMs: start, endsMs: start + 10 * minute, matches: { rule: "payments", city: "a" } },
  ]);
  const rules = rulesOf(schemas, rule("when: data.amount > 100", "holds_for: 8m"));
  const driver = alertDriver(schemas, rules, { silences });
  await pay(driver, "a", 500);
  await pay(driver, "b", 500);
  expect(await story(driver)).toEqual(["0s opened payments/b"]);
  await driver.advance(9 * minute);
  expect((await story(driver)).slice(1)).toEqual(["480s resolved payments/b"]);
  await pay(driver, "a", 500);
  await driver.advance(2 * minute);
  expect((await story(driver)).slice(2)).toEqual(["600s opened payments/a"]);
});

test("an alert that flaps every second: one firing and one resolved for each incident", async () => {
  const driver = alertDriver(schemas, rulesOf(schemas, rule("when: data.amount > 100")));
  for (let i = 0; i < 40; i++) {
    await pay(driver, "a", i % 2 === 0 ? 500 : 1);
    await driver.advance(second);
  }
  const told = await toldBy(driver, schemas);
  const incidents = [...Map.groupBy(told, ({ alert_id }) => alert_id).values()];
  expect(incidents).toHaveLength(20);
  for (const messages of incidents) expect(messages.map(({ status }) => status)).toEqual(["firing", "resolved"]);
});
