import { p95Of } from "./percentile.ts";
import { type FaultKind, kinds, placeOf, type Target } from "./plan.ts";
import type { Recovery } from "./recovery.ts";
import type { KeptRun, Results } from "./results.ts";

const components: Readonly<Record<string, string>> = {
  ingest: "ingest",
  stream: "stream",
  stateful: "stream with memory",
  sinks: "sinks",
  kafka: "Kafka",
  postgres: "Postgres",
  registry: "schema registry",
  apps: "the apps",
};

/** docs/faults.md: what is broken, what is expected, and what the recorded runs have shown. */
export function faultsPage({ runs, recovery }: Results): string {
  return [intro, faultTable(runs), runTable(runs), recoveryTable(recovery.flatMap(({ kills }) => kills)), limits].join(
    "\n\n",
  );
}

const intro = `# Faults

Generated from \`test/faults/results.json\`, which \`--record\` writes.

    npm run faults -- --seed 7 --minutes 2 --events 100000

starts three brokers (three copies, two in sync), the schema registry, Postgres, and two of each service on this machine, lets the apps of 24 drivers
post events through the front doors, and breaks things by a plan that follows from the seed: \`test/faults/plan.ts\`. Between clients and each broker, Postgres and
the registry lies a network that can be made slow, half open, one-way or gone: \`test/faults/link.ts\`. An app sends its events in order, again under the same id
until each has its answer, and to another door when one is silent; two of the apps stay with a door that keeps events on its disk while Kafka is away. A webhook receiver gets the alert of every SOS, and a consumer reads along.

When everything is well again and has come to rest, what was sent, answered, carried, stored and delivered goes to the checker (\`audit/check-history.ts\`). For each run it must
find nothing, and neither must \`hailstream audit\`: no accepted event that is not in Kafka, none in Kafka that is not a row (or, for poison, a dead letter), none twice, none out of the order of its key,
no SOS without its webhook or with two, no consumer that was given a gap or another record at the same offset. The exit code is 1 when it finds something. What the faults and the contents of the
events are follows from the seed; when exactly each meets which request does not. \`--json\` prints the report; \`--keep-data\` leaves logs and data for whoever wants to know why.

\`.ci/run\` runs a short one (\`test/faults/faults.fault.test.ts\`).`;

function faultTable(runs: readonly KeptRun[]): string {
  const rows = Object.entries(kinds).flatMap(([kind, { targets, expected }]) =>
    [...new Set(targets.map((target: Target) => placeOf(target)))].map((place) => {
      const with_ = runs.filter(({ faults }) => faults.some((each) => isOf(each, kind as FaultKind, place)));
      const times = with_.flatMap(({ faults }) => faults.filter((each) => isOf(each, kind as FaultKind, place))).length;
      const last = with_.at(-1);
      const shown = last === undefined ? "not yet" : `${verdictOf(last)} (seed ${last.seed})`;
      return `| ${kind} | ${components[place] ?? place} | ${expected} | ${times} | ${shown} |`;
    }),
  );
  return [
    "## What is broken",
    "",
    "| Fault | Component | Expected, besides | Times | Last result |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

const isOf = ([kind, target]: readonly [FaultKind, Target], wanted: FaultKind, place: string) =>
  kind === wanted && placeOf(target) === place;

function verdictOf({ lost, duplicated, reordered, other }: KeptRun): string {
  if (lost + duplicated + reordered + other === 0) return "nothing wrong";
  return `${lost} lost, ${duplicated} twice, ${reordered} out of order, ${other} other`;
}

function runTable(runs: readonly KeptRun[]): string {
  const sum = (pick: (run: KeptRun) => number) => runs.reduce((total, run) => total + pick(run), 0);
  const number = (value: number) => value.toLocaleString("en");
  const rows = runs.map((run) =>
    [
      ...["", run.seed, run.on, run.minutes, number(run.events), number(run.attempts), run.faults.length],
      ...[run.lost, run.duplicated, run.reordered, run.other, `${run.restSeconds} s`, ""],
    ]
      .join(" | ")
      .trim(),
  );
  return [
    "## Runs",
    "",
    `${runs.length} seeds, ${number(sum(({ events }) => events))} events, ${number(sum(({ faults }) => faults.length))} faults: ${sum(({ lost }) => lost)} lost, ${sum(({ duplicated }) => duplicated)} duplicated, ${sum(({ reordered }) => reordered)} reordered.`,
    "",
    "*Tries* counts an event each time it was sent; *rest* is the time from the last answer until everything was stored and delivered.",
    "",
    "| Seed | Day | Minutes | Events | Tries | Faults | Lost | Duplicated | Reordered | Other | Rest |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function recoveryTable(kills: readonly Recovery[]): string {
  const groups = Map.groupBy(kills, ({ target }) => placeOf(target));
  const rows = [...groups].map(([place, of]) => {
    const worst = (pick: (kill: Recovery) => number | undefined) => of.flatMap((kill) => pick(kill) ?? []);
    const rates = worst(({ catchUp }) => catchUp);
    const least = rates.length === 0 ? "too little was left lying" : `${Math.min(...rates).toFixed(1)} ×`;
    return `| ${components[place] ?? place} | ${of.length} | ${secondsOf(Math.max(...worst((kill) => kill.firstRowMs)))} | ${secondsOf(Math.max(...worst((kill) => kill.allPartitionsMs)))} | ${least} |`;
  });
  const p95 =
    kills.length === 0
      ? ""
      : `Over all ${kills.length} kills the first row came within ${secondsOf(p95Of(kills.map((kill) => kill.firstRowMs)))} (p95), and every partition had one within ${secondsOf(p95Of(kills.map((kill) => kill.allPartitionsMs)))} (p95).`;
  return [
    "## Recovery",
    "",
    "`npm run faults -- --recovery` kills each process once by `kill -9` while 400 events a second come in, each when the one before is forgotten. *First row* is the first row of an event that",
    "came to the sinks' topics after the kill; *all partitions* is when each busy partition had one. *Catch-up* is how much faster than the input what was left lying was then stored, where that was three seconds of traffic or more.",
    ...(p95 === "" ? [] : ["", p95]),
    "",
    "| Killed | Times | First row, at worst | All partitions, at worst | Catch-up, at least |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

const secondsOf = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

const limits = `## What is not done

- *Clocks of Kafka, Postgres and the registry:* only the wall clocks of our services are shifted, by two to ten minutes (\`test/faults/shifted-clock.ts\`).
  Alerts count time by arrival: where the clock of a door or of a processor was ahead, what waits in them (\`for\`, \`keep_firing_for\`) waits until the clocks have made that up; what fires at once does.
- *Full disks without the rights of root:* a disk is full on a small mount of its own (\`test/faults/small-disk.ts\`). Where mounting is not permitted, the fault is
  told as not done and counts nowhere above.
- *Loss of what the kernel had not written:* all brokers are on one machine, which stays up; with two copies in sync an acknowledged record is in the memory of two machines.
`;
