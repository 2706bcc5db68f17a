import { expect, test } from "vitest";
import { findingsOf } from "../../console/flow/findings.ts";
import { createSince } from "../../console/flow/since.ts";
import { answering, look, midnight, silent } from "./looks.ts";

const healthy = ["ingest", "stream", "stream-stateful", "sinks", "audit"];
const all = (seconds: number) => healthy.map((name) => answering(name, seconds));

test("nothing is found where everything answers", () => {
  expect(findingsOf([look(0, all(0)), look(2, all(2))])).toEqual([]);
  expect(findingsOf([])).toEqual([]);
});

test.each(healthy)("%s that does not answer is a fault there, with what is safe and what to do", (name) => {
  const stations = all(0).map((each) => (each.name === name ? silent(name, 0) : each));
  const [finding, ...others] = findingsOf([look(0, stations)]);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ severity: "fault", station: name, command: "hailstream status" });
  expect(finding?.what).toBe(`${name} does not answer: nobody listens at its address.`);
  expect(finding?.safe).not.toBe("");
  expect(finding?.advice).toContain(`logs/${name}.log`);
});

test("a station that is not ready says what it waits for", () => {
  const [finding] = findingsOf([look(0, [answering("sinks", 0, "", { postgres: "no connection" })])]);
  expect(finding).toMatchObject({ severity: "warning", station: "sinks" });
  expect(finding?.what).toBe("sinks is not ready (postgres: no connection).");
});

test("without Kafka or Postgres these are the first findings, and no lag is told that nobody knows", () => {
  const lags = [{ group: "hailstream-x", topic: "safety", records: 5, seconds: 500, unknown: [] }];
  const parts = {
    kafka: { at: 0, milliseconds: 2_000, silence: "nothing came within 2 s" },
    behind: { at: 0, lags, missing: [] },
    postgres: { at: 0, milliseconds: 0, silence: "connection refused", deadLetters: [], quarantined: [] },
  };
  const found = findingsOf([look(0, [answering("sinks", 0, "", { kafka: "away" })], parts)]);
  expect(found.map(({ station, severity }) => [station, severity])).toEqual([
    ["kafka", "fault"],
    ["postgres", "fault"],
    ["sinks", "warning"],
  ]);
});

test("lag is told from ten seconds on, is a fault from sixty on, and began when its oldest record came", () => {
  const at = midnight + 100_000;
  const lag = (seconds: number) => {
    const lags = [{ group: "hailstream-x", topic: "safety", records: 1, seconds, unknown: [] }];
    return findingsOf([look(100, [], { behind: { at, lags, missing: [] } })]);
  };
  expect(lag(9.9)).toEqual([]);
  expect(lag(30)).toMatchObject([{ severity: "warning", station: "kafka", since: midnight + 70_000 }]);
  expect(lag(60)).toMatchObject([{ severity: "fault", what: "hailstream-x is behind in safety by 1 record." }]);
});

test("where nobody knows how far consumers are is told with the reason, once for all that have it", () => {
  const lost = (topic: string, partition: number, seconds = 0) => ({
    ...{ group: "hailstream-x", topic, records: seconds, seconds },
    unknown: [{ partition, why: "there is no leader" }],
  });
  const behind = {
    ...{ at: midnight, lags: [lost("trips", 2), lost("safety", 0), lost("alerts", 1, 5), lost("payments", 1)] },
    missing: [{ group: "hailstream-y", why: "broker 2 says: loading" }, { why: "broker 3 does not answer: gone" }],
  };
  const found = findingsOf([look(0, [], { behind })]);
  expect(found.map(({ severity, station, what }) => [severity, station, what])).toEqual([
    ["fault", "kafka", "Nothing is known of 4 partitions of alerts, payments, safety and 1 more: there is no leader."],
    ["warning", "kafka", "How far hailstream-y are is not known: broker 2 says: loading."],
    ["warning", "kafka", "How far some consumers are is not known: broker 3 does not answer: gone."],
  ]);
  const silence = { at: midnight, milliseconds: 2_000, silence: "nothing came within 2 s" };
  expect(findingsOf([look(0, [], { behind, kafka: silence })])).toHaveLength(1);
});

test("a finding leads to the view that shows more of it", () => {
  const at = midnight;
  const trouble = (what: string) => [{ what, code: "c", events: 1, since: at }];
  const found = findingsOf([
    look(0, [answering("audit", 0, 'hailstream_audit_wrong_events{station="stream",kind="missing"} 1\n')], {
      behind: { at, lags: [{ group: "a/b", topic: "t", records: 1, seconds: 30, unknown: [] }], missing: [] },
      postgres: { at, milliseconds: 1, deadLetters: trouble("t"), quarantined: trouble("trip.rated") },
    }),
  ]);
  expect(found.map(({ view }) => view?.to)).toEqual([
    "/audit",
    "/groups/a%2Fb",
    "/refused?kind=dead",
    "/refused?kind=quarantined",
  ]);
});

test("the lag of a silent station is a consequence of its silence", () => {
  const own = 'hailstream_kafka_consumer_lag_events{group="hailstream-x",topic="safety",partition="0"} 0\n';
  const lags = [{ group: "hailstream-x", topic: "safety", records: 5, seconds: 500, unknown: [] }];
  const behind = { at: midnight, lags, missing: [] };
  const found = findingsOf([look(0, [answering("sinks", 0, own)]), look(2, [silent("sinks", 2)], { behind })]);
  expect(found).toMatchObject([
    { severity: "fault", key: "sinks silent" },
    { severity: "warning", station: "sinks", advice: "It goes on once sinks answers again." },
  ]);
});

test("what a station measures of itself is told: a waiting topic, a spool, lost events, a failing endpoint, the audit", () => {
  const text = `
hailstream_sinks_circuit_open{consumer="hailstream-sink-postgres",topic="payments"} 1
hailstream_sinks_circuit_open{consumer="hailstream-sink-postgres",topic="safety"} 0
hailstream_ingest_spool_active_processes 1
hailstream_ingest_spool_lost_events_total 2
hailstream_sinks_webhook_endpoints{state="failing"} 1
hailstream_audit_wrong_events{station="stream",kind="missing"} 1200
`;
  const found = findingsOf([look(0, [answering("any", 0, text)])]);
  expect(found.map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
    "fault: Nothing of payments can be stored, so hailstream-sink-postgres lets it wait.",
    "fault: Damage on the disk made 2 acknowledged events unreadable.",
    "fault: The audit finds 1,200 events missing at stream.",
    "warning: Kafka takes too long, so ingest keeps events on its own disk.",
    "warning: 1 webhook endpoint is failing.",
  ]);
});

test("dead letters and quarantine are told with their reason and their beginning", () => {
  const trouble = { what: "payments", code: "store_rejected", events: 3, since: midnight - 60_000 };
  const postgres = {
    at: 0,
    milliseconds: 1,
    deadLetters: [trouble],
    quarantined: [{ ...trouble, what: "trip.rated" }],
  };
  expect(findingsOf([look(0, [], { postgres })])).toMatchObject([
    { station: "postgres", severity: "warning", since: midnight - 60_000 },
    { station: "ingest", severity: "warning", since: midnight - 60_000, command: "hailstream quarantine list" },
  ]);
});

test("what a processor could not use is told while it waits, and not while Kafka is silent, which says it all", () => {
  const letters = {
    at: 0,
    waiting: [{ what: "enrich-trips", code: "record_framing_invalid", events: 1, since: midnight }],
  };
  const [found] = findingsOf([look(0, [], { letters })]);
  expect(found).toMatchObject({ station: "stream", severity: "warning", since: midnight });
  expect(found?.what).toBe(
    "1 record could not be used by enrich-trips (record_framing_invalid) in the last 15 minutes.",
  );
  expect(found?.command).toContain("--place enrich-trips");
  const kafka = { at: 0, milliseconds: 2_000, silence: "nothing came within 2 s" };
  expect(findingsOf([look(0, [], { letters, kafka })]).map(({ station }) => station)).toEqual(["kafka"]);
});

test("since when: exact for what came while somebody looked, else at the latest; gone and back begins anew", () => {
  const since = createSince();
  const of = (...names: string[]) =>
    findingsOf([
      look(
        0,
        names.map((name) => silent(name, 0)),
      ),
    ]);
  const told = (found: ReturnType<typeof of>, at: number) =>
    since(found, at).map(({ station, since: began, sinceIs }) => [station, began, sinceIs]);
  expect(told(of("sinks"), 1_000)).toEqual([["sinks", 1_000, "latest"]]);
  expect(told(of("sinks", "audit"), 3_000)).toEqual([
    ["sinks", 1_000, "latest"],
    ["audit", 3_000, "exact"],
  ]);
  expect(told(of("sinks"), 5_000)).toEqual([["sinks", 1_000, "latest"]]);
  expect(told(of("audit"), 7_000)).toEqual([["audit", 7_000, "exact"]]);
});
