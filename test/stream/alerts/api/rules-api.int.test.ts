import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleOf } from "../../../../schemas/index.ts";
import { eventually } from "../../../support/wait.ts";
import { createProcessorFixture, type ProcessorFixture } from "../../processor-fixture.ts";

const key = "0123456789abcdef";
let fixture: ProcessorFixture;
let streams: ReturnType<ProcessorFixture["streamOf"]>[];
beforeAll(async () => {
  const reference = ["driver-profiles", "vehicle-profiles", "cities"];
  const topics = ["payments", "rider-events", "alert-signals", "alerts", "dead-letters", "late-events"];
  fixture = await createProcessorFixture("rules_api", [...topics, ...reference]);
  const flows = ["match-payments", "match-rider-events", "keep-alerts"];
  // Two processes, each of which has rules of its own for a moment.
  streams = [flows, flows].map((each) => fixture.streamOf(each, { "stream-api-key": key }));
  await Promise.all(streams.map((stream) => stream.start((error) => expect.fail(String(error)))));
});
afterAll(async () => {
  await Promise.all(streams.map((stream) => stream.stop()));
  await fixture.stop();
});

async function ask(method: string, path: string, body?: string, by = 0, bearer = key) {
  const response = await fetch(`${streams[by]?.url}/alerts${path}`, {
    ...{
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        "content-type": path === "/silences" ? "application/json" : "application/yaml",
      },
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

const ruleOf = (name: string, ...lines: readonly string[]) =>
  [`name: ${name}`, "description: d", "severity: critical", "holds_for: 1h", "repeat_interval: 1d", ...lines].join(
    "\n",
  );
const big = (amount: number, ...lines: readonly string[]) =>
  ruleOf("big", "on: payment.failed", "by: {trip: data.trip_id}", `when: data.amount > ${amount}`, ...lines);

async function pay(trip: string, amount: number): Promise<void> {
  const type = fixture.schemas.catalogue.types.get("payment.failed");
  if (type === undefined) throw new Error("no such type");
  const data = { ...exampleOf(type), trip_id: trip, amount };
  await fixture.write("payments", [fixture.event("payment.failed", Date.now(), data)]);
}

/** What was told, each message once: the notifications of each alert of a rule. */
async function told(rule: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const byId = new Map((await fixture.eventsOf("alerts")).map(({ id, data }) => [id, data]));
  const own = [...byId.values()].filter((alert) => alert.rule === rule);
  const keys = Map.groupBy(own, (alert) => String(alert.alert_key));
  return new Map([...keys].map(([name, all]) => [name, all.map((alert) => String(alert.notification)).sort()]));
}

/** Sends an event for one thing after the other until one is told. */
async function untilTold(rule: string, send: (i: number) => Promise<void>): Promise<void> {
  let i = 0;
  const before = (await told(rule)).size;
  await eventually(
    async () => {
      await send(i++);
      expect((await told(rule)).size).toBeGreaterThan(before);
    },
    { everyMs: 200 },
  );
}

/**
 * Sends events until those of a whole round are told in the words of the rule as it is now: a process reads changed rules once a second, and until then judges by
 * the old ones. A round has so many keys that every process hears some.
 */
async function untilAtWork(rule: string, summary: string, send: (trip: string) => Promise<void>): Promise<void> {
  let round = 0;
  await eventually(
    async () => {
      const trips = Array.from({ length: 24 }, (_, i) => `trp_work_${round}_${i}`);
      round++;
      await Promise.all(trips.map(send));
      const words = await eventually(async () => {
        const own = (await fixture.dataOf("alerts")).filter((alert) => alert.rule === rule);
        const summaries = new Map(own.map((alert) => [alert.alert_key, alert.summary]));
        const found = trips.map((trip) => summaries.get(`${rule}/${trip}`));
        expect(found).not.toContain(undefined);
        return found;
      });
      expect(words).toEqual(trips.map(() => summary));
    },
    { timeoutMs: 120_000 },
  );
}

test("what is wrong with a rule is refused with line and key, and nothing is kept", async () => {
  const wrong = await ask("PUT", "/rules/big", big(100, "summary: s").replace("data.amount", "data.amuont"));
  expect(wrong).toMatchObject({ status: 400, body: { code: "alert_rule_invalid" } });
  expect(wrong.body.detail).toMatch(/^big:8: when: .*amuont/);
  expect((await ask("PUT", "/rules/big", big(100))).body.detail).toMatch(/^big:1: summary: expected text, got nothing/);
  expect((await ask("PUT", "/rules/other", big(100, "summary: s"))).body.detail).toMatch(
    /^other:1: name: expected other/,
  );
  const taken = ruleOf("payment-failures", "on: payment.failed", "summary: s");
  expect(await ask("PUT", "/rules/payment-failures", taken)).toMatchObject({
    ...{ status: 409, body: { code: "alert_rule_in_file" } },
  });
  expect(await ask("DELETE", "/rules/payment-failures")).toMatchObject({ status: 409 });
  expect(await ask("DELETE", "/rules/none")).toMatchObject({ status: 404, body: { code: "alert_rule_unknown" } });
  expect(await ask("PUT", "/rules/big", big(100, "summary: s"), 0, "another-key-0123")).toMatchObject({
    ...{ status: 403, body: { code: "alert_key_refused" } },
  });
  expect(await ask("GET", "/rules/big")).toMatchObject({ status: 404 });
  expect(await ask("PATCH", "/rules/big")).toMatchObject({ status: 405 });
  expect(await ask("GET", "/nothing")).toMatchObject({ status: 404, body: { code: "alert_path_unknown" } });
});

test("a rule is at work without a restart, changed, and removed: what it told is resolved, and nothing is told twice", async () => {
  await pay("trp_before", 500);
  const made = await ask("PUT", "/rules/big", big(100, 'summary: "{{ data.amount }} by {{ labels.trip }}"'));
  expect(made).toMatchObject({
    status: 201,
    body: { name: "big", source: "api", made_by: expect.stringMatching(/^api@/) },
  });
  expect((await ask("GET", "/rules", undefined, 1)).body.rules).toContainEqual(
    expect.objectContaining({ name: "big", source: "api" }),
  );
  await untilTold("big", (i) => pay(`trp_${i}`, 500));
  // It is told once more that the same thing holds, to rules that say it in other words.
  const [first = ""] = [...(await told("big")).keys()];
  expect(await ask("PUT", "/rules/big", big(1_000, "summary: others"), 1)).toMatchObject({ status: 200 });
  await untilAtWork("big", "others", (trip) => pay(trip, 5_000));
  const silentSince = (await told("big")).size;
  await pay("trp_little", 500);
  await pay(first.replace("big/", ""), 5_000);
  await untilTold("big", (i) => pay(`trp_end_${i}`, 5_000));
  const all = await told("big");
  expect(all.size).toBeGreaterThan(silentSince);
  expect([...all.keys()]).not.toContain("big/trp_little");
  expect([...all.keys()]).not.toContain("big/trp_before");
  for (const messages of all.values()) expect(messages).toEqual(["opened"]);

  expect(await ask("GET", "?firing=true")).toMatchObject({ status: 200, body: { left_out: [] } });
  expect(await ask("DELETE", "/rules/big")).toMatchObject({ status: 204 });
  const began = performance.now();
  await eventually(
    async () => {
      for (const messages of (await told("big")).values()) expect(messages).toEqual(["opened", "resolved"]);
    },
    { everyMs: 200 },
  );
  process.stderr.write(`resolved ${Math.round(performance.now() - began)} ms behind the removal\n`);
  // Others may fire: of so many payments each has failed.
  const { alerts } = (await ask("GET", "?firing=true")).body as { alerts: readonly { readonly rule: string }[] };
  expect(alerts.filter(({ rule }) => rule === "big")).toEqual([]);
});

test("a rule on a topic that no rule listened to has its flow started, and hears nothing of what arrived before", async () => {
  const visit = (rider: string) => {
    const type = fixture.schemas.catalogue.types.get("rider.session");
    if (type === undefined) throw new Error("no such type");
    const data = { ...exampleOf(type), rider_id: rider };
    return fixture.write("rider-events", [fixture.event("rider.session", Date.now(), data)]);
  };
  await visit("rdr_before");
  const rule = JSON.stringify({
    ...{ name: "visits", description: "d", on: "rider.session", by: { rider: "data.rider_id" } },
    ...{ severity: "info", summary: "s" },
  });
  expect(await ask("PUT", "/rules/visits", rule)).toMatchObject({ status: 201 });
  // Nothing that arrives behind the answer is lost, for the flow begins where the topic does.
  await visit("rdr_behind");
  await eventually(async () => expect([...(await told("visits")).keys()]).toEqual(["visits/rdr_behind"]), {
    everyMs: 200,
  });
});

test("a rule that cannot be used any more is told and left out, and the others go on", async () => {
  const text = ruleOf("stale", "on: payment.failed", "when: data.gone > 1", "summary: s");
  await fixture.db.owner.execute(
    `insert into pipeline.alert_rules (name, rule, change, made_by, changed_by)
     select 'stale', $1, max(change) + 1, 'test', 'test' from pipeline.alert_rules`,
    [text],
  );
  const { body } = await ask("GET", "");
  expect(body.left_out).toMatchObject([{ name: "stale", problem: expect.stringMatching(/^stale:7: when: .*gone/) }]);
  await ask("PUT", "/rules/big", big(100, "summary: s"));
  await untilTold("big", (i) => pay(`trp_still_${i}`, 500));
  expect(await ask("DELETE", "/rules/stale")).toMatchObject({ status: 204 });
});

test("silences are made, listed and ended", async () => {
  const wrong = await ask("POST", "/silences", JSON.stringify({ matches: { rule: "big" }, for: "soon", reason: "r" }));
  expect(wrong).toMatchObject({ status: 400, body: { code: "alert_request_invalid" } });
  const silence = { matches: { rule: "big" }, for: "2h", reason: "a marathon" };
  const { status, body } = await ask("POST", "/silences", JSON.stringify(silence));
  expect({ status, body }).toMatchObject({ status: 201, body: { matches: { rule: "big" }, reason: "a marathon" } });
  expect((await ask("GET", "/silences")).body.silences).toMatchObject([{ id: body.id }]);
  expect(await ask("DELETE", `/silences/${body.id}`)).toMatchObject({ status: 204 });
  expect(await ask("DELETE", `/silences/${body.id}`)).toMatchObject({ status: 404 });
  expect((await ask("GET", "/silences")).body.silences).toEqual([]);
});
