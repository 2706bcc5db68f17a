import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { add } from "../../commands/alerts.ts";
import { createProducer, ensureTopics, readRange, topicTable } from "../../kafka/index.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { exampleOf } from "../../schemas/index.ts";
import { disabledByHand, disableEndpoint } from "../../sinks/webhook/index.ts";
import { addEndpoint } from "../sinks/webhook/support.ts";
import { createProcessorFixture, type ProcessorFixture } from "../stream/processor-fixture.ts";
import { eventually } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = randomUUID().slice(0, 8);
const trip = (name: string) => `trp_${name}_${run}`;
const began = Date.now();
const common = { metrics: createMetrics(), log: silentLogger };
let fixture: ProcessorFixture;
let producer: ReturnType<typeof createProducer>;
let evaluator: ChildProcess | undefined;
let rulesDir: string;

/** A rule on payments of some of this run's trips. */
const rule = (name: string, ...lines: readonly string[]) =>
  [
    ...[`name: ${name}-${run}`, "description: d", "on: payment.failed", "severity: warning"],
    ...[`where: data.trip_id.startsWith('trp_${name}') && data.trip_id.endsWith('${run}')`, ...lines],
  ].join("\n");
const large = rule(
  "large",
  ...["by: {trip: data.trip_id}", "when: data.amount > 100", "holds_for: 1h", "summary: '{{ labels.trip }} owes much'"],
);

beforeAll(async () => {
  // The commands read topics by their own names, so this test's events are told apart by their trips.
  fixture = await createProcessorFixture("alerts_commands", []);
  producer = createProducer({ name: "test", connection: fixture.connection, ...common });
  await ensureTopics(fixture.connection, topicTable);
  await producer.start(() => undefined);
  rulesDir = join(fixture.cacheDir, "rules");
  mkdirSync(rulesDir);
  writeFileSync(join(rulesDir, "large.yaml"), large);
  writeFileSync(
    join(rulesDir, "quiet.yaml"),
    rule("quiet", "by: {trip: data.trip_id}", "when: data.amount > 100", "no_data_after: 2s", "summary: s"),
  );
  writeFileSync(join(rulesDir, "broken.yaml"), rule("broken", "when: int(data.failure_code) > 1", "summary: s"));
});
afterAll(async () => {
  evaluator?.kill("SIGKILL");
  await producer?.stop();
  await fixture?.stop();
});

function environment(): NodeJS.ProcessEnv {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAILSTREAM_")));
  return {
    ...clean,
    HAILSTREAM_LOCAL_DATA_DIR: fixture.cacheDir,
    HAILSTREAM_KAFKA_BROKERS: inject("kafka"),
    HAILSTREAM_REGISTRY_URL: inject("registry"),
    HAILSTREAM_REGISTRY_CACHE_DIR: fixture.cacheDir,
    HAILSTREAM_POSTGRES_URL: fixture.db.ownerUrl,
    HAILSTREAM_POSTGRES_SINK_URL: fixture.db.sinkUrl,
    HAILSTREAM_STREAM_ALERTS_DIR: rulesDir,
    HAILSTREAM_STREAM_GROUP_PREFIX: fixture.prefix,
  };
}

type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly json: () => unknown };

/** `hailstream alerts …` within this process, which is quicker: what it prints, and its exit code when it asks for one. */
async function alerts(...words: readonly string[]): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const program = new Command().exitOverride();
  let code = 0;
  add(program, { env: environment(), stdout, stderr }, (given) => {
    code = given;
  });
  await program.parseAsync(["alerts", ...words], { from: "user" });
  const out = String(stdout.read() ?? "");
  return { code, out, err: String(stderr.read() ?? ""), json: () => JSON.parse(out) };
}

/** `hailstream …` as the process that users run. */
async function hailstream(...words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, ["main.ts", ...words], {
    ...{ cwd: root, env: environment(), stdio: ["ignore", "pipe", "pipe"] },
  });
  const closed = once(child, "close");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code, out, err, json: () => JSON.parse(out) };
}

async function startEvaluator(): Promise<void> {
  const flags = ["--stream-flows", "match-payments,keep-alerts", "--stream-metrics-port", "0", "--log-level", "warn"];
  evaluator = spawn(process.execPath, ["main.ts", "stream", "--json", ...flags], {
    ...{ cwd: root, env: environment(), stdio: ["ignore", "pipe", "inherit"] },
  });
  await once(evaluator.stdout as NodeJS.ReadableStream, "data");
}

async function pay(name: string, amount: number): Promise<void> {
  const type = fixture.schemas.catalogue.types.get("payment.failed");
  if (type === undefined) throw new Error("no such type");
  const data = { ...exampleOf(type), trip_id: trip(name), amount };
  const id = `pay-${run}-${randomUUID()}`;
  await producer.send("payments", [fixture.event("payment.failed", Date.now(), data, { id })]);
}

/** What this run's rules told, in order: name, why, and when. */
async function told(ruleName: string, tripName?: string) {
  const found: { id: string; at: number; data: Readonly<Record<string, unknown>> }[] = [];
  const range = { fromMs: began, toMs: Date.now() + 1_000 };
  await readRange({
    ...{ ...common, connection: fixture.connection, topics: ["alerts"], range },
    async onBatch({ records }) {
      for (const { value, headers } of records) {
        const decoded = await fixture.schemas.decode(value ?? Buffer.alloc(0));
        if (!decoded.ok) throw new Error(decoded.reason);
        found.push({ id: String(headers.ce_id), at: Date.parse(String(headers.ce_time)), data: decoded.value });
      }
    },
  });
  const key = [`${ruleName}-${run}`, ...(tripName === undefined ? [] : [trip(tripName)])].join("/");
  return found.filter(({ data }) => data.alert_key === key);
}
const why = async (...of: Parameters<typeof told>) => (await told(...of)).map(({ data }) => data.notification);

type State = { readonly labels: { readonly trip?: string }; readonly state: string; readonly told?: number };
async function statesOf(ruleName: string, ...flags: readonly string[]): Promise<readonly State[]> {
  const { out } = await alerts("list", "--json", ...flags);
  const rules = JSON.parse(out) as { rule: string; states: readonly State[] }[];
  return rules.find((one) => one.rule === `${ruleName}-${run}`)?.states ?? [];
}
const slow = { everyMs: 250 };

test("silences: what begins under one is told at its end if it still holds, or when it is ended by hand", async () => {
  const silence = async (name: string, time: string) => {
    const reason = ["--reason", "a marathon", "--json"];
    const made = await alerts(
      "silence",
      "--rule",
      `large-${run}`,
      "--label",
      `trip=${trip(name)}`,
      "--for",
      time,
      ...reason,
    );
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.json()).toEqual({ id: expect.stringMatching(/^sil_/), until: expect.stringMatching(/Z$/) });
    return made.json() as { id: string; until: string };
  };
  const long = await silence("large_a", "1h");
  const others = [await silence("large_b", "3600s"), await silence("large_c", "3600s")].map(({ id }) => id);
  const listed = await alerts("silences", "--json");
  expect(JSON.parse(listed.out)).toContainEqual({
    ...{ id: long.id, matches: { rule: `large-${run}`, trip: trip("large_a") }, reason: "a marathon" },
    ...{ madeBy: expect.stringContaining("@"), startsMs: expect.any(Number), endsMs: Date.parse(long.until) },
  });

  await startEvaluator();
  for (const name of ["large_a", "large_b", "large_c", "large_d"]) await pay(name, 500);
  await eventually(async () => expect(await why("large", "large_d")).toEqual(["opened"]), slow);
  const untilFiring = (wanted: Readonly<Record<string, string>>) =>
    eventually(async () => {
      const states = await statesOf("large", "--firing");
      expect(Object.fromEntries(states.map((one) => [one.labels.trip, `${one.state} ${one.told}`]))).toEqual(wanted);
    }, slow);
  const [a, b, c, d] = ["large_a", "large_b", "large_c", "large_d"].map(trip) as [string, string, string, string];
  const firing = { [a]: "firing 0", [b]: "firing 0", [d]: "firing 1" };
  await untilFiring({ ...firing, [c]: "firing 0" });
  // One is over before its silence is: nobody hears of it.
  await pay("large_c", 1);
  await untilFiring(firing);
  // As if they had been made for just so long; said by now, since nobody knows how long all of this takes.
  const [until] = await fixture.db.owner.query<{ ends_at: Date }>(
    "update pipeline.alert_silences set ends_at = now() + interval '2 s' where silence_id = any ($1) returning ends_at",
    [others],
  );

  const [opened] = await eventually(async () => {
    const all = await told("large", "large_b");
    expect(all).toHaveLength(1);
    return all;
  }, slow);
  const endedMs = until?.ends_at.getTime() ?? 0;
  expect(opened?.data).toMatchObject({ notification: "opened", status: "firing", sequence: 1 });
  expect((opened?.at ?? 0) - endedMs).toBeGreaterThanOrEqual(0);
  expect(Number(opened?.data.started_at)).toBeLessThan(endedMs);
  expect(await why("large", "large_a")).toEqual([]);

  const ended = await alerts("unsilence", long.id, "--json");
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.json()).toEqual({ ended: long.id });
  await eventually(async () => expect(await why("large", "large_a")).toEqual(["opened"]), slow);
  expect(JSON.parse((await alerts("silences", "--json")).out)).toEqual([]);
  expect((await alerts("silences", "--all")).out).toContain(long.id);

  await pay("large_a", 1);
  await eventually(async () => expect(await why("large", "large_a")).toEqual(["opened", "resolved"]), slow);
  expect(await why("large", "large_c")).toEqual([]);
  expect((await statesOf("large", "--firing")).map(({ labels }) => labels.trip).sort()).toEqual(
    ["large_b", "large_d"].map(trip),
  );
});

test("that nothing more arrives is told with the cause no_data, and resolved by the next event", async () => {
  await pay("quiet", 1);
  const [opened] = await eventually(async () => {
    const all = await told("quiet", "quiet");
    expect(all).toHaveLength(1);
    return all;
  }, slow);
  expect(opened?.data).toMatchObject({ notification: "opened", cause: "no_data", status: "firing" });
  expect(await statesOf("quiet")).toMatchObject([{ state: "no_data", told: 1, labels: { trip: trip("quiet") } }]);
  await pay("quiet", 1);
  await eventually(async () => {
    const [, resolved] = await told("quiet", "quiet");
    expect(resolved?.data).toMatchObject({ notification: "resolved", cause: "no_data", status: "resolved" });
    expect(resolved?.data.alert_id).toBe(opened?.data.alert_id);
  }, slow);
});

test("a rule that fails is told once with the cause error, and by list", async () => {
  for (let i = 0; i < 3; i++) await pay("broken", i);
  // Behind all three in its topic.
  await pay("large_e", 500);
  await eventually(async () => expect(await why("large", "large_e")).toEqual(["opened"]), slow);
  await eventually(async () => expect(await told("broken")).toHaveLength(1), slow);
  const [failing] = await told("broken");
  expect(failing?.data).toMatchObject({ notification: "opened", cause: "error", status: "firing" });
  expect(failing?.data.summary).toContain(`The rule broken-${run} fails: `);
  expect(await statesOf("broken", "--firing")).toMatchObject([{ state: "error", told: 1 }]);
  expect((await alerts("list")).out).toMatch(new RegExp(`^broken-${run} .*\\n  error since .*Z  The rule`, "m"));
});

test("an endpoint that is disabled since its receiver is dead is listed among what fires", async () => {
  const { id } = await addEndpoint(fixture.db.owner, "http://127.0.0.1:1/", { name: "night shift" });
  const byHand = await addEndpoint(fixture.db.owner, "http://127.0.0.1:1/");
  await disableEndpoint(fixture.db.owner, byHand.id, disabledByHand);
  await disableEndpoint(fixture.db.owner, id, "every attempt has failed for 5 days");
  const { out } = await alerts("list", "--firing", "--json");
  expect((JSON.parse(out) as unknown[]).at(-1)).toEqual({
    ...{ rule: "webhook-endpoint-disabled", severity: "critical", on: ["webhook.endpoint"] },
    description: "An endpoint gets no alerts any more.",
    states: [
      {
        ...{
          rule: "webhook-endpoint-disabled",
          state: "firing",
          labels: { endpoint: id, endpoint_name: "night shift" },
        },
        ...{ sinceMs: expect.any(Number), summary: `night shift (${id}): every attempt has failed for 5 days` },
      },
    ],
  });
});

describe("tried on what has arrived", () => {
  test("test and replay tell what would have been told, without silences", async () => {
    const file = join(fixture.cacheDir, "new.yaml");
    writeFileSync(file, large.replace("> 100", "> 400").replace(`name: large-${run}`, "name: not-saved"));
    const tried = await alerts("test", file, "--since", "10m", "--json");
    expect(tried.code).toBe(0);
    expect(tried.err).toMatch(/^\d+ events heard; 5 incidents, 7 messages\.\n$/);
    const { messages, ...counts } = tried.json() as { messages: Record<string, unknown>[]; heard: number };
    expect(counts).toEqual({ heard: expect.any(Number), unreadable: 0 });
    expect(messages.filter(({ notification }) => notification === "resolved")).toHaveLength(2);
    expect(messages[0]).toEqual({
      ...{ time: expect.stringMatching(/Z$/), started_at: expect.stringMatching(/Z$/), notification: "opened" },
      ...{ alert_id: expect.stringMatching(/^alr_/), sequence: 1, rule: "not-saved", severity: "warning" },
      ...{ alert_key: `not-saved/${trip("large_a")}`, cause: "condition", summary: `${trip("large_a")} owes much` },
      labels: { trip: trip("large_a") },
    });

    const again = await alerts("replay", "--rule", `large-${run}`, "--since", "10m");
    expect(again.code).toBe(0);
    // The one that was over under its silence is among them.
    for (const name of ["a", "b", "c", "d", "e"])
      expect(again.out).toContain(`opened  large-${run}/${trip(`large_${name}`)}`);
    expect(again.out.trim().split("\n")).toHaveLength(7);
  });

  test("what the user has to correct ends with exit code 2, as a connector file does", async () => {
    const bad = join(fixture.cacheDir, "bad.yaml");
    writeFileSync(bad, large.replace("holds_for", "hold_for"));
    const refused = await hailstream("alerts", "test", bad, "--json");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(`${bad}:8: hold_for is no key of a rule; did you mean holds_for?`);
    expect(refused.json()).toEqual({ refused: "alert_rule_invalid", message: expect.stringContaining(`${bad}:8: `) });
    writeFileSync(bad, "name: cars\nconnector.class: PostgresSink\ntopic: driver-status\n");
    expect((await hailstream("connectors", "validate", bad)).code).toBe(2);

    const refusals: readonly (readonly string[])[] = [
      ["test", join(fixture.cacheDir, "nowhere.yaml")],
      ["silence", "--for", "2h", "--reason", "everything"],
      ["silence", "--rule", "safety-sos", "--for", "2h", "--reason", " "],
      ["unsilence", "sil_nobody"],
    ];
    for (const words of refusals) {
      const { code, out, err } = await alerts(...words);
      expect({ words, code, out, err }).toEqual({
        words,
        code: 2,
        out: "",
        err: expect.stringMatching(/\[alert_\w+\]\n$/),
      });
    }
    const options: readonly (readonly string[])[] = [
      ["replay", "--rule", "nobody"],
      ["test", bad, "--since", "yesterday"],
      ["silence", "--rule", "safety-sos", "--for", "soon", "--reason", "r"],
      ["silence", "--label", "city", "--for", "2h", "--reason", "r"],
    ];
    for (const words of options) await expect(alerts(...words)).rejects.toMatchObject({ code: "option_invalid" });
    for (const words of [["replay", "--rule", "nobody"], ["silence", "--for", "2h"], ["test"]])
      expect(await hailstream("alerts", ...words)).toMatchObject({ code: 2, out: "" });
    const away = await hailstream("alerts", "list", "--postgres-url", "postgres://127.0.0.1:9/none");
    expect({ code: away.code, out: away.out }).toEqual({ code: 1, out: "" });
  });
});
