import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { exampleOf } from "../../../schemas/index.ts";
import { prepareDatabase } from "../../../sinks/index.ts";
import { createProcessorFixture, type ProcessorFixture } from "../../stream/processor-fixture.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, startReceiver, type TestReceiver } from "./support.ts";

/** How long the alerts flap; two minutes by `npm run proof -- flapping`. */
const seconds = Number(process.env.FLAP_SECONDS ?? 20);
const trips = ["trp_a", "trp_b", "trp_c", "trp_d", "trp_e"];
/** In turn the evaluator and the sender; longer than a killed member's session, so that the next one gets to work in between. */
const killEveryMs = 4_500;
const root = fileURLToPath(new URL("../../..", import.meta.url));
const children = new Map<"evaluator" | "sender", ChildProcess>();
let stopping = false;
let fixture: ProcessorFixture;
let receiver: TestReceiver | undefined;

beforeAll(async () => {
  fixture = await createProcessorFixture("flapping", [
    ...["payments", "alert-signals", "alerts", "dead-letters", "late-events"],
  ]);
  const folder = join(fixture.cacheDir, "connectors");
  mkdirSync(folder);
  // The connectors that ship, with alerts from this test's own topic; what else there is in this Kafka is not for this database.
  await prepareDatabase(fixture.db.ownerUrl, fixture.schemas.catalogue, silentLogger);
  const alerts = `name: alerts\nconnector.class: WebhookSink\ntopics: ${fixture.prefix}alerts\n`;
  const resting = (name: string, kind: string) =>
    `name: ${name}\nconnector.class: ${kind}\ntopics: quarantine\ninitial_state: STOPPED\n`;
  writeFileSync(join(folder, "alerts.yaml"), alerts);
  writeFileSync(join(folder, "events.yaml"), resting("events", "PostgresSink"));
  writeFileSync(join(folder, "quarantine.yaml"), resting("quarantine", "QuarantineSink"));
});
afterAll(async () => {
  stopping = true;
  for (const child of children.values()) child.kill("SIGKILL");
  await receiver?.stop();
  await fixture?.stop();
});

const flapping = [
  ...["name: flapping", "description: d", "on: payment.failed", "by: {trip: data.trip_id}", "severity: critical"],
  ...["when: data.amount > 100", "holds_for: 1h", "repeat_interval: 1d", "summary: s"],
].join("\n");

function commandOf(which: "evaluator" | "sender"): readonly string[] {
  const { cacheDir, prefix, db } = fixture;
  if (which === "evaluator") {
    const file = join(root, "test/stream/alerts/alerts-process.ts");
    return [file, inject("kafka"), inject("registry"), cacheDir, prefix, db.sinkUrl, flapping];
  }
  const flags = {
    ...{ "--kafka-brokers": inject("kafka"), "--registry-url": inject("registry"), "--registry-cache-dir": cacheDir },
    ...{ "--postgres-url": db.ownerUrl, "--postgres-sink-url": db.sinkUrl },
    ...{ "--sinks-connectors-dir": join(cacheDir, "connectors"), "--sinks-metrics-port": "0" },
    ...{ "--sinks-session-timeout-ms": "6000", "--webhook-group-id": `${prefix}webhook`, "--log-level": "warn" },
    ...{ "--webhook-development": "true", "--webhook-allow-targets": "127.0.0.0/8", "--webhook-timeout-ms": "1000" },
    ...{ "--webhook-retry-delays": "0.1,0.2,0.5,1,2,5", "--webhook-poll-ms": "50" },
  };
  return [join(root, "main.ts"), "sinks", "--json", ...Object.entries(flags).flat()];
}

/** Resolves when the process is ready; one that ends is replaced, as a supervisor does. */
async function run(which: "evaluator" | "sender"): Promise<void> {
  const child = spawn(process.execPath, commandOf(which), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.set(which, child);
  child.once("exit", () => {
    if (!stopping) void run(which);
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
}

test("alerts that flap every second while evaluator and sender are killed: each incident is opened and resolved once, in order", async () => {
  const type = fixture.schemas.catalogue.types.get("payment.failed");
  if (type === undefined) throw new Error("no such type");
  const example = exampleOf(type);
  let secret = "";
  const wrong: string[] = [];
  receiver = await startReceiver((response, { headers, body }, nth) => {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    } catch (error) {
      wrong.push(String(error));
    }
    // Now and then it has a bad moment: what it has got comes again.
    response.writeHead(nth % 10 === 0 ? 503 : 204).end();
  });
  ({ secret } = await addEndpoint(fixture.db.owner, receiver.url));
  await Promise.all([run("evaluator"), run("sender")]);

  const began = performance.now();
  const kills = { evaluator: 0, sender: 0 };
  let writing = true;
  const killing = (async () => {
    for (let n = 0; writing; n++) {
      const due = began + (n + 0.5) * killEveryMs;
      while (writing && performance.now() < due) await delay(50);
      const which = n % 2 === 0 ? "evaluator" : "sender";
      if (writing && children.get(which)?.kill("SIGKILL")) kills[which]++;
    }
  })();
  for (let second = 0; second < seconds; second++) {
    const due = began + second * 1_000 - performance.now();
    if (due > 0) await delay(due);
    const events = trips.map((trip_id) => {
      const data = { ...example, trip_id, amount: second % 2 === 0 ? 500 : 1 };
      return { ...fixture.event("payment.failed", Date.now(), data), key: trip_id };
    });
    await fixture.write("payments", events);
  }
  writing = false;
  await killing;

  const { received } = receiver;
  const transitions = seconds * trips.length;
  const distinct = () => new Set(received.map(({ id }) => id)).size;
  await eventually(() => expect(distinct()).toBeGreaterThanOrEqual(transitions), { timeoutMs: 180_000, everyMs: 200 });
  await eventually(
    async () => {
      const sql = "select state, count(*)::int as n from webhook.deliveries group by 1";
      expect(await fixture.db.owner.query(sql)).toEqual([{ state: "delivered", n: transitions }]);
    },
    { everyMs: 200 },
  );
  expect(wrong).toEqual([]);
  const told = received.map(({ id, body }) => ({ id, ...JSON.parse(body).data }));
  const once_ = [...new Map(told.toReversed().map((one) => [one.id, one])).values()].toReversed();
  expect(once_).toHaveLength(transitions);
  for (const trip of trips) {
    const of = (all: typeof told) => all.filter(({ labels }) => labels.trip === trip);
    const incidents = [...new Set(of(once_).map(({ alert_id }) => alert_id))];
    expect(incidents).toHaveLength(seconds / 2);
    // In the order of their incidents, each opened and then resolved, and nothing else.
    expect(of(once_).map(({ alert_id, sequence, notification }) => [alert_id, sequence, notification])).toEqual(
      incidents.flatMap((id) => [
        [id, 1, "opened"],
        [id, 2, "resolved"],
      ]),
    );
    const times = of(once_).map(({ started_at }) => started_at);
    expect(times).toEqual(times.toSorted());
    // A repetition comes before what follows it, too: nobody is told old news behind new.
    const places = of(told).map(({ id }) => of(once_).findIndex((one) => one.id === id));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  }
  process.stderr.write(
    `${transitions} transitions, ${kills.evaluator} kills of the evaluator and ${kills.sender} of the sender: ` +
      `${received.length} webhooks, ${received.length - transitions} of them repetitions\n`,
  );
  expect(kills.evaluator).toBeGreaterThan(1);
  expect(kills.sender).toBeGreaterThan(1);
}, 600_000);
