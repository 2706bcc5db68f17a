import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { newIdOf } from "../../commands/quarantine-plan.ts";
import { type Quarantined, quarantineRecord, readQuarantined } from "../../schemas/index.ts";
import { loadQuarantined } from "../../sinks/quarantine/load.ts";
import { asRead } from "../support/memory-topics.ts";
import { eventually } from "../support/wait.ts";
import { badEvents } from "./quarantine-bad-events.ts";
import { runQuarantine, spawnQuarantine } from "./quarantine-cli.ts";
import { json, type Listed, openQuarantinePipeline, type QuarantinePipeline } from "./quarantine-pipeline.ts";

let pipeline: QuarantinePipeline;
const closers: (() => void)[] = [];
beforeAll(async () => {
  pipeline = await openQuarantinePipeline();
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(() => pipeline?.close());

test("an event of every code: kept, listed, shown, judged, fixed, replayed, and one row in the end", async () => {
  const { run, dir, db, door, keys, event, post, quarantine, replay, list, rowsOf, tokenOf, killSinks, startSinks } =
    pipeline;
  const keyNames = ["app", "narrow", "backend", "desk"].flatMap((name) => ["--key-name", `${name}-${run}`]);
  const bad = await badEvents(pipeline);
  for (const { id, code, key = keys.app, body, headers = {} } of bad) {
    expect({ ...(await post(key, body, headers)), id }).toMatchObject({ id, status: "quarantined", code });
  }
  // An app that heard nothing sends again; one at hand hears "rejected", and nothing is kept.
  const [misspelt] = bad;
  expect(await post(keys.app, misspelt?.body ?? "")).toMatchObject({ status: "quarantined" });
  expect(
    await post(keys.app, JSON.stringify(event("strict", "app.error", { fatal: 1 })), { prefer: "handling=strict" }),
  ).toMatchObject({
    status: "rejected",
    code: "event_type_mismatch",
  });
  expect(
    await post(await tokenOf("rdr_9"), bad.find(({ id }) => id === "spoofed")?.body ?? "", {
      prefer: "handling=strict",
    }),
  ).toMatchObject({
    status: "quarantined",
  });
  // The sink dies in the middle of it.
  await killSinks();
  await startSinks();
  const all = await eventually(
    async () => {
      const listed = await list(...keyNames);
      expect(listed.total).toBe(bad.length);
      // Two of them were sent twice, and the second time may come later than all the others.
      const [{ times } = { times: 0 }] = await db.owner.query<{ times: number }>(
        "select sum(times_seen)::int as times from quarantine.events where key_name like $1",
        [`%-${run}`],
      );
      expect(times).toBe(bad.length + 2);
      return listed;
    },
    { everyMs: 200 },
  );
  expect(all.counts.map(({ code }) => code).sort()).toEqual(bad.map(({ code }) => code).sort());
  const idOf = (id: string) => all.entries.find((entry) => entry.event_id === `${id}-${run}`)?.quarantine_id as string;

  // list: filters and pages, the newest first.
  expect((await list(...keyNames, "--code", "id_conflict", "--code", "subject_mismatch")).total).toBe(2);
  expect((await list(...keyNames, "--type", "app.errror", "--since", "1h", "--state", "open")).total).toBe(1);
  expect(await list(...keyNames, "--until", "1h")).toMatchObject({ total: 0, entries: [] });
  const pages: string[] = [];
  for (let next: string | undefined; pages.length === 0 || next !== undefined; ) {
    const page = await list(...keyNames, "--limit", "7", ...(next === undefined ? [] : ["--before", next]));
    pages.push(...page.entries.map(({ quarantine_id }) => quarantine_id));
    next = page.next;
  }
  expect(pages).toEqual(all.entries.map(({ quarantine_id }) => quarantine_id));

  // show: everything, and the very bytes; by the id of the event, too.
  const shown = json<Record<string, unknown>>(await quarantine("show", `misspelt-${run}`));
  expect(shown).toMatchObject({
    quarantine_id: idOf("misspelt"),
    code: "event_field_unknown",
    violations: [{ pointer: "/data/plattform", didYouMean: "platform" }, { pointer: "/data/platform" }],
    key_name: `app-${run}`,
    stage: "live",
    times_seen: 2,
    original_base64: Buffer.from(misspelt?.body ?? "").toString("base64"),
    what_to_do: expect.stringContaining("Correct the name"),
  });
  expect(shown.schema_id).toEqual(expect.any(Number));
  const words = await runQuarantine(
    "show",
    idOf("spoofed").slice(0, 12),
    "--postgres-url",
    db.ownerUrl,
    "--data-dir",
    dir,
  );
  for (const word of ["rdr_9", "rdr_8", "/data/person_id", "What to do"]) expect(words.out).toContain(word);
  expect(await quarantine("show", "q_nothing")).toMatchObject({
    code: 2,
    err: expect.stringContaining("[quarantine_entry_unknown]"),
  });
  expect(await quarantine("show", "q_")).toMatchObject({ code: 2 });

  // A dry run tells what would come of each, and does nothing.
  type Replayed = {
    ok: boolean;
    matched: number;
    would: object;
    answers: Record<string, number>;
    skipped: object;
    events: Record<string, string>[];
  };
  const dry = await replay(...keyNames, "--dry-run");
  expect(dry.code).toBe(1);
  expect(json<Replayed>(dry)).toMatchObject({
    matched: bad.length,
    would: { accepted: 2, rejected: bad.length - 4 },
    skipped: { quarantine_new_id_needed: 1, quarantine_vouching_needed: 1 },
  });
  const judged = Object.fromEntries(
    json<Replayed>(dry).events.map(({ event_id = "", code, outcome }) => [
      event_id.replace(`-${run}`, ""),
      code ?? outcome,
    ]),
  );
  for (const { id, code } of bad) {
    const blocked: Record<string, string> = {
      taken: "quarantine_new_id_needed",
      spoofed: "quarantine_vouching_needed",
      forbidden: "accepted",
      header: "accepted",
    };
    expect({ id, code: judged[id] }).toEqual({ id, code: blocked[id] ?? code });
  }
  expect((await list(...keyNames, "--state", "open")).entries.every(({ attempts }) => attempts === 0)).toBe(true);

  // Nothing is changed or posted by accident, nor against what a code means.
  await expect(replay()).rejects.toMatchObject({ code: "option_invalid" });
  expect(await replay(idOf("taken"))).toMatchObject({ code: 2, err: expect.stringContaining("--new-id") });
  expect(await replay(idOf("spoofed"))).toMatchObject({ code: 2, err: expect.stringContaining("--vouch") });
  expect(await quarantine("fix", idOf("text"), "--unset", "/data/none")).toMatchObject({
    code: 2,
    err: expect.stringContaining("/data/none"),
  });

  // What is not repaired fails again, counts, stays one entry and keeps what was said.
  const failed = await replay(idOf("text"));
  expect(failed.code).toBe(1);
  expect(json<Replayed>(failed)).toMatchObject({
    ok: false,
    answers: { rejected: 1 },
    events: [{ code: "event_type_mismatch", pointer: "/data/fatal" }],
  });
  const again = json<{ attempts: number; state: string; replays: object[] }>(await quarantine("show", idOf("text")));
  expect(again).toMatchObject({
    attempts: 1,
    state: "open",
    replays: [
      { attempt: 1, status: "rejected", code: "event_type_mismatch", posted_id: `text-${run}`, door: door.url },
    ],
  });

  // fix: the original stays.
  for (const { id, fix } of bad) {
    if (fix === undefined) continue;
    if (id === "misspelt") {
      expect(json(await quarantine("fix", idOf(id), ...fix, "--dry-run"))).toMatchObject({
        dryRun: true,
        fixed: 1,
        would: { accepted: 1 },
      });
      expect((await list("--event-id", `misspelt-${run}`)).entries).toMatchObject([{ state: "open" }]);
    }
    const fixed = await quarantine("fix", idOf(id), ...fix);
    expect({ id, ...fixed, ...json<object>(fixed) }).toMatchObject({ id, code: 0, fixed: 1, would: { accepted: 1 } });
  }
  const kept = json<Record<string, string>>(await quarantine("show", idOf("misspelt")));
  expect(kept.original_base64).toBe(Buffer.from(misspelt?.body ?? "").toString("base64"));
  expect(JSON.parse(kept.fixed ?? "")).toMatchObject({ data: { platform: "ios" } });

  // Two at once, a sink that dies, and once more: still one of each.
  const decided = [...keyNames, "--vouch", "--new-id"];
  const both = await Promise.all([replay(...decided), replay(...decided)]);
  const counts = both.map((one) => json<Replayed>(one).answers);
  expect(
    counts.reduce((sum, { accepted = 0 }) => sum + accepted, 0),
    both.map(({ out }) => out).join(),
  ).toBe(bad.length);
  await killSinks();
  // As if the replay had been killed before it could write down what it had heard.
  await db.owner.execute(
    "update quarantine.events set state = 'fixed', fixed = coalesce(fixed, original), fixed_at = now() where event_id = $1",
    [`stack-${run}`],
  );
  expect(json<Replayed>(await replay(...decided))).toMatchObject({ ok: true, matched: 1, answers: { duplicate: 1 } });
  await startSinks();
  expect(await replay(...decided)).toMatchObject({ code: 0, err: expect.stringContaining("Nothing is left") });
  expect(await list(...keyNames, "--state", "replayed")).toMatchObject({ total: bad.length });

  const expected = (types: readonly string[]) => Object.fromEntries(types.map((id) => [id, 1]));
  const sos = ["taken", "infinite", "far", "forbidden", "other", "spoofed"];
  const newId = newIdOf(idOf("taken"));
  await eventually(async () => {
    expect(await rowsOf("safety.sos")).toEqual(expected(sos));
    expect(await rowsOf("app.error")).toEqual(expected(bad.map(({ id }) => id).filter((id) => !sos.includes(id))));
    const renamed = await db.owner.query("select note from events.safety_sos where event_id = $1", [newId]);
    expect(renamed).toEqual([{ note: "another" }]);
  });
  const attempts = await db.owner.query<{ status: string; n: number }>(
    "select status, count(*)::int as n from quarantine.replays group by 1 order by 1",
  );
  expect(attempts).toEqual([
    { status: "accepted", n: bad.length },
    { status: "duplicate", n: 1 },
    { status: "rejected", n: 1 },
  ]);
}, 600_000);

/** Entries without a door, under a key name of their own. */
async function load(keyName: string, count: number): Promise<void> {
  const { run, db, event } = pipeline;
  const entries = Array.from({ length: count }, (_, n) => {
    const original = Buffer.from(JSON.stringify(event(`${keyName}-${n}`, "app.error")));
    const violations = [
      { code: "event_type_unknown", pointer: "/type", expected: "a type", got: "another", message: "No." },
    ] as const;
    const entry = {
      eventId: `${keyName}-${n}-${run}`,
      type: "app.error",
      source: "/x",
      time: "2026-11-22T21:11:41Z",
      code: "event_type_unknown",
      violations,
      keyName,
      stage: "live",
      receivedAt: Date.now() + n,
      original,
    } as const;
    return readQuarantined(asRead(quarantineRecord(entry))) as Quarantined;
  });
  await db.sink.transaction((tx) => loadQuarantined(tx, entries));
}

test("as processes: machine output on standard output only, exit codes, variables instead of flags", async () => {
  const { db, dir } = pipeline;
  await load("processes", 3);
  const env = { HAILSTREAM_POSTGRES_URL: db.ownerUrl, HAILSTREAM_LOCAL_DATA_DIR: dir };
  const [listed, words, unknown, nothing] = await Promise.all([
    spawnQuarantine(["list", "--key-name", "processes", "--json"], env).ended,
    spawnQuarantine(["list", "--key-name", "processes"], env).ended,
    spawnQuarantine(["show", "q_000000"], env).ended,
    spawnQuarantine(["fix", "--all"], env).ended,
  ]);
  expect(listed).toMatchObject({ code: 0, err: "" });
  expect(json<Listed>(listed)).toMatchObject({ total: 3, counts: [{ code: "event_type_unknown", count: 3 }] });
  expect(words.out.split("\n").filter((line) => line.startsWith("q_"))).toHaveLength(3);
  expect(words.err).toContain("3 events.");
  expect(unknown).toMatchObject({ code: 2, out: "", err: expect.stringContaining("[quarantine_entry_unknown]") });
  expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining("--set") });
});

test("Ctrl-C ends a replay that waits for an answer; what had none is there for the next", async () => {
  const { db, place, quarantine, replay } = pipeline;
  await load("slow", 5);
  let asked = 0;
  const silent = createServer((request) => {
    request.resume();
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const words = ["replay", "--key-name", "slow", "--by", "night shift", "--json", ...place()];
  // By itself it would wait for longer than the test.
  const patience = ["--request-timeout-ms", "600000"];
  const { child, ended } = spawnQuarantine([...words, ...patience, "--url", url, "--api-key", "x"]);
  await eventually(() => asked > 0);
  // While it is under way nobody else has these events in hand.
  const other = json<{ skipped: object }>(await replay("--key-name", "slow"));
  expect(other.skipped).toEqual({ quarantine_in_hand: 5 });
  expect(await quarantine("fix", "--key-name", "slow", "--set", "/data/fatal=true")).toMatchObject({ code: 1 });
  child.kill("SIGINT");
  const { code, out } = await ended;
  expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
    code: 1,
    ok: false,
    interrupted: true,
    answers: { unanswered: 5 },
  });
  const left = await db.owner.query(
    "select by, status, count(*)::int as n from quarantine.replays where door = $1 group by 1, 2",
    [url],
  );
  expect(left).toEqual([{ by: "night shift", status: null, n: 5 }]);
  expect(json(await replay("--key-name", "slow"))).toMatchObject({ ok: true, answers: { accepted: 5 } });
});

test("a door that is away, or refuses the key, leaves everything as it was and says so", async () => {
  const { door, quarantine, replay, list } = pipeline;
  await load("away", 2);
  const words = ["--key-name", "away"];
  await expect(quarantine("replay", ...words, "--url", door.url, "--api-key", "hs_live_wrong")).rejects.toMatchObject({
    code: "apps_request_refused",
  });
  expect((await list("--key-name", "away")).entries).toMatchObject([
    { state: "open", attempts: 1, last_code: "apps_request_refused" },
    { state: "open", attempts: 1 },
  ]);
  expect(json(await replay("--key-name", "away", "--limit", "1"))).toMatchObject({
    matched: 1,
    answers: { accepted: 1 },
  });
  expect(json(await replay("--key-name", "away"))).toMatchObject({ matched: 1, answers: { accepted: 1 } });
});
