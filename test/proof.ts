import { spawnSync } from "node:child_process";

/**
 * The long proofs: tests of the suite at the length that the guarantees are about, one at a time. `npm run proof -- NAME`; a variable that is
 * set already stays as it is.
 */
const proofs = {
  alerts: {
    about:
      "10,000 transitions of alerts, two evaluators, one killed every eight seconds: each is told under one id. Three minutes.",
    project: "stack",
    file: "test/stream/alerts/alerts-kill.int.test.ts",
    env: { ALERT_TRANSITIONS: "10000", ALERT_SECONDS: "60" },
  },
  audit: {
    about: "1,000,000 events: five rows deleted by hand and one inserted twice are named. Two minutes.",
    project: "stack",
    file: "test/audit/audit.int.test.ts",
    env: { AUDIT_EVENTS: "1000000" },
  },
  batches: {
    about: "10,000 random batches: every item is answered as if it were alone, and is in Kafka once. A minute or two.",
    project: "stack",
    file: "test/ingest/batches.int.test.ts",
    env: { HAILSTREAM_TEST_BATCHES: "10000" },
  },
  calm: {
    about: "Half an hour of the small city while sinks come, die and go: the audit names nothing. Thirty-two minutes.",
    project: "whole",
    file: "test/audit/calm.e2e.test.ts",
    env: { CALM_MINUTES: "30" },
  },
  "first-event": {
    about: "From git clone to a row of one's own by the README's commands, packages cached: within 120 s. Two minutes.",
    project: "whole",
    file: "test/first-event.e2e.test.ts",
    env: { FIRST_EVENT_SECONDS: "120" },
  },
  flapping: {
    about:
      "Two minutes of alerts that flap every second, evaluator and sender killed in turn: one opened and one resolved for each incident.",
    project: "stack",
    file: "test/sinks/webhook/flapping-alert.int.test.ts",
    env: { FLAP_SECONDS: "120" },
  },
  flush: {
    about:
      "Sink, postmaster and link die at each point of a flush, in both modes, with synchronous commit on and off. Six minutes.",
    project: "whole",
    file: "test/sinks/flush.fault.test.ts",
    env: { FLUSH_FAULTS: "all" },
  },
  console: {
    about:
      "10,000 dead letters redriven from the page in a real browser within a minute; broker, sink and poison named there within five seconds. Five minutes.",
    project: "whole",
    file: "test/console/refused.e2e.test.ts",
    env: { CONSOLE_LETTERS: "10000", CONSOLE_FAULT_SECONDS: "5" },
  },
  "console-scale": {
    about:
      "1,000 topics and 500 consumer groups: each page of the console is there within a second, in Chromium. Five minutes.",
    project: "whole",
    file: "test/console/scale.e2e.test.ts",
    env: { CONSOLE_TOPICS: "1000", CONSOLE_GROUPS: "500", CONSOLE_VISITS: "5", CONSOLE_PAGE_MS: "1000" },
  },
  dlq: {
    about:
      "10,000 dead letters of a sink are redriven by two commands at once, among live traffic: each is one row; and 10,000 of a processor. Two minutes.",
    project: "stack",
    file: "test/commands/dlq",
    env: { DLQ_LETTERS: "10000" },
  },
  fuzz: {
    about: "1,000,000 inputs that are wrong in some way: no crash, no fault, no leak, no stall. Some ten minutes.",
    project: "stack",
    file: "test/ingest/fuzz.int.test.ts",
    env: { HAILSTREAM_FUZZ_INPUTS: "1000000" },
  },
  keys: {
    about: "A restart with 1,000,000 keys in the store: the first result comes within five seconds. Three minutes.",
    project: "stack",
    file: "test/stream/windows/windows.int.test.ts",
    env: { HAILSTREAM_TEST_KEYS: "1000000" },
  },
  live: {
    about: "Ten minutes of 200 events a second: each is in the console's list, in Chromium. Twelve minutes.",
    project: "whole",
    file: "test/console/console.e2e.test.ts",
    env: { LIVE_SECONDS: "600" },
  },
  minutes: {
    about: "All 7,172 real trips: the minutes of the marketplace equal a recompute in SQL. A minute or two.",
    project: "stack",
    file: "test/stream/marketplace/real-trips.int.test.ts",
    env: { HAILSTREAM_TEST_TRIPS: "7172" },
  },
  outage: {
    about: "Ten minutes without a broker, with three kill -9 of ingest: nothing acknowledged is lost or out of order.",
    project: "whole",
    file: "test/ingest/outage.fault.test.ts",
    env: { HAILSTREAM_FAULT_MINUTES: "10" },
  },
  overload: {
    about: "Five minutes of three times too much, with an abusive device: calls for help come through. Seven minutes.",
    project: "stack",
    file: "test/ingest/overload.int.test.ts",
    env: { HAILSTREAM_OVERLOAD_MINUTES: "5" },
  },
  sdk: {
    about:
      "The SDK on 1,000 devices with a hostile network and storage: each event is stored once, or counted as dropped.",
    project: "unit",
    file: "test/client/hostile.test.ts",
    env: { HAILSTREAM_SDK_RUNS: "1000" },
  },
  trace: {
    about: "10,000,000 rows of ten days: each of 1,000 events is found by its id, with its times. Ten minutes.",
    project: "stack",
    file: "test/audit/trace.int.test.ts",
    env: { TRACE_ROWS: "10000000", TRACE_IDS: "1000" },
  },
  trips: {
    about: "Two minutes of kill -9 and of a member that comes or goes every five seconds: each trip is told as it was.",
    project: "stack",
    file: "test/stream/trips/trips-kill.int.test.ts",
    env: { TRIPS_KILL_SECONDS: "120" },
  },
} as const;

function main([name = ""]: readonly string[]): number {
  if (!Object.hasOwn(proofs, name)) {
    const lines = Object.entries(proofs).map(([known, { about }]) => `  ${known.padEnd(15)}${about}\n`);
    process.stderr.write(`npm run proof -- NAME, where NAME is one of\n${lines.join("")}`);
    return 2;
  }
  const { project, file, env } = proofs[name as keyof typeof proofs];
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project, file];
  return spawnSync(process.execPath, args, { stdio: "inherit", env: { ...env, ...process.env } }).status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
