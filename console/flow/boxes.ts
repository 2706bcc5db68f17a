import { knownLags } from "./lags.ts";
import type { LagLook, Look, StationLook } from "./look.ts";
import { type Numbers, quantileBetween } from "./read-metrics.ts";
import type { Box, Figure, Lag } from "./shapes.ts";

/** A rate is taken over so long, where the station ran that long. */
export const windowMs = 10_000;

type Compared = { readonly now: Numbers; readonly before: Numbers; readonly seconds: number };

/**
 * The stations as boxes, in the order of an event's way. Rates and latencies are those between the newest look and one about ten seconds older; of a process
 * that was started in between, or asked only once, they are not known.
 * @param looks oldest first, the newest last
 */
export function boxesOf(looks: readonly Look[]): readonly Box[] {
  const now = looks.at(-1);
  if (now === undefined) return [];
  const station = (name: string) => now.stations.find((each) => each.name === name);
  const behind = knownLags(now);
  const lagOf = (name: string) => {
    const groups = groupsOf(name, looks);
    const lags = (behind?.lags ?? []).filter(({ group }) => groups.has(group));
    return lagFigures(behind, lags, ["lag", "waiting"], groups);
  };
  const boxes: Box[] = [];
  for (const look of now.stations) {
    const make = makers[look.name] ?? otherStation;
    boxes.push({ name: look.name, state: stateOf(look), ...make(comparedOf(looks, look.name), lagOf(look.name)) });
  }
  const at = (name: string) => boxes.findIndex((box) => box.name === name) + 1;
  const postgres = now.postgres;
  boxes.splice(station("sinks") === undefined ? boxes.length : at("sinks"), 0, {
    name: "postgres",
    does: "keeps rows for analysts",
    state: partState(postgres),
    main: { label: "answers in", value: answerOf(postgres), unit: "milliseconds" },
    figures: [
      {
        label: "dead letters, 15 min",
        value: postgres === undefined || postgres.silence !== undefined ? null : sumOf(postgres.deadLetters),
        unit: "events",
        bad: true,
      },
    ],
  });
  boxes.splice(at("ingest"), 0, {
    name: "kafka",
    does: "carries events",
    state: partState(now.kafka),
    main: { label: "answers in", value: answerOf(now.kafka), unit: "milliseconds" },
    figures: lagFigures(behind, behind?.lags ?? [], ["largest lag", "not read yet"]),
  });
  return boxes;
}

/** The consumer groups that a station's newest answer names as its own, also while it is silent. */
export function groupsOf(name: string, looks: readonly Look[]): ReadonlySet<string> {
  const answered = looks.findLast(({ stations }) => stations.some((each) => each.name === name && each.numbers));
  const numbers = answered?.stations.find((each) => each.name === name)?.numbers;
  const series = numbers?.series("hailstream_kafka_consumer_lag_events") ?? [];
  return new Set(series.flatMap(({ labels }) => labels.group ?? []));
}

type Made = Pick<Box, "does" | "main" | "figures">;
type Maker = (compared: Compared | undefined, lag: readonly Figure[]) => Made;

const rate = (compared: Compared | undefined, name: string, labels?: Readonly<Record<string, string>>) =>
  compared === undefined
    ? null
    : Math.max(0, compared.now.sum(name, labels) - compared.before.sum(name, labels)) / compared.seconds;

const share99 = (compared: Compared | undefined, name: string) =>
  compared === undefined ? null : quantileBetween(compared.before.histogram(name), compared.now.histogram(name), 0.99);

/**
 * The largest of these lags, and their sum. What is known of a part only is the least that it may be, and nothing of it is no nought.
 * @param groups whose lags these are; undefined: those of all
 */
function lagFigures(
  behind: LagLook | undefined,
  lags: readonly Lag[],
  [most, sum]: readonly [string, string],
  groups?: ReadonlySet<string>,
): readonly Figure[] {
  const told = new Set(lags.map(({ group }) => group));
  const isMissing = ({ group }: LagLook["missing"][number]) => {
    if (groups === undefined) return true;
    return group === undefined ? [...groups].some((each) => !told.has(each)) : groups.has(group);
  };
  const isPart = lags.some(({ unknown }) => unknown.length > 0) || (behind?.missing ?? []).some(isMissing);
  const figure = (label: string, unit: Figure["unit"], value: number): Figure => {
    if (behind === undefined || (isPart && value === 0)) return { label, value: null, unit };
    return { label, value, unit, ...(isPart ? { isLeast: true } : {}) };
  };
  return [
    figure(most, "seconds", Math.max(0, ...lags.map(({ seconds }) => seconds))),
    figure(
      sum,
      "events",
      lags.reduce((total, { records }) => total + records, 0),
    ),
  ];
}

const events = "hailstream_ingest_events_total";

const ingest: Maker = (compared) => ({
  does: "accepts events over HTTP",
  main: { label: "accepted", value: rate(compared, events, { result: "accepted" }), unit: "per-second" },
  figures: [
    { label: "99% stored within", value: share99(compared, "hailstream_ingest_produce_seconds"), unit: "seconds" },
    { label: "rejected", value: rate(compared, events, { result: "rejected" }), unit: "per-second", bad: true },
    { label: "quarantined", value: rate(compared, events, { result: "quarantined" }), unit: "per-second", bad: true },
    { label: "sent back", value: rate(compared, events, { result: "retry" }), unit: "per-second", bad: true },
  ],
});

const deadLetters = (compared: Compared | undefined): Figure => ({
  ...{ label: "dead letters", unit: "per-second", bad: true },
  value: rate(compared, "hailstream_stream_dead_letters_total"),
});

const stateless: Maker = (compared, lag) => ({
  does: "enriches, raises alerts",
  main: { label: "records", value: rate(compared, "hailstream_stream_records_total"), unit: "per-second" },
  figures: [
    ...lag,
    { label: "99% of batches within", value: share99(compared, "hailstream_stream_batch_seconds"), unit: "seconds" },
    deadLetters(compared),
  ],
});

const stateful: Maker = (compared, lag) => ({
  does: "trips, minutes, memory",
  main: { label: "records", value: rate(compared, "hailstream_stream_records_total"), unit: "per-second" },
  figures: [
    ...lag,
    { label: "results", value: rate(compared, "hailstream_stream_emitted_total"), unit: "per-second" },
    deadLetters(compared),
  ],
});

const sinks: Maker = (compared, lag) => ({
  does: "stores rows, sends alerts",
  main: { label: "rows", value: rate(compared, "hailstream_sinks_rows_total"), unit: "per-second" },
  figures: [
    ...lag,
    { label: "99% visible within", value: share99(compared, "hailstream_sinks_delay_seconds"), unit: "seconds" },
    {
      ...{ label: "dead letters", unit: "per-second", bad: true },
      value: rate(compared, "hailstream_sinks_dead_letters_total"),
    },
  ],
});

const audit: Maker = (compared) => ({
  does: "compares all stations",
  main: {
    label: "missing or extra",
    value: compared?.now.sum("hailstream_audit_wrong_events") ?? null,
    unit: "events",
  },
  figures: [],
});

const otherStation: Maker = () => ({
  does: "a station of your own",
  main: { label: "", value: null, unit: "events" },
  figures: [],
});

const makers: Readonly<Record<string, Maker>> = {
  ingest,
  stream: stateless,
  "stream-stateful": stateful,
  sinks,
  audit,
};

/** The newest look at a station that answers, beside the oldest one at the same process within the window. */
function comparedOf(looks: readonly Look[], name: string): Compared | undefined {
  const seen = looks.flatMap(({ stations }) => stations.filter((each) => each.name === name));
  const now = seen.at(-1);
  if (now?.numbers === undefined) return undefined;
  const started = now.numbers.sum("process_start_time_seconds");
  const before = seen.find(
    ({ at, numbers }) => at > now.at - windowMs - 1_000 && numbers?.sum("process_start_time_seconds") === started,
  );
  if (before?.numbers === undefined || before.at >= now.at) return undefined;
  return { now: now.numbers, before: before.numbers, seconds: (now.at - before.at) / 1_000 };
}

function stateOf(look: StationLook): Box["state"] {
  if (look.silence !== undefined) return "silent";
  return Object.keys(look.waiting).length === 0 ? "ok" : "starting";
}

type Part = { readonly silence?: string; readonly milliseconds: number } | undefined;

const partState = (part: Part): Box["state"] =>
  part === undefined ? "unseen" : part.silence === undefined ? "ok" : "silent";
const known = (part: Part, value: () => number) => (part === undefined || part.silence !== undefined ? null : value());
const answerOf = (part: Part) => known(part, () => part?.milliseconds ?? 0);
const sumOf = (troubles: readonly { readonly events: number }[]) => troubles.reduce((sum, { events: n }) => sum + n, 0);
