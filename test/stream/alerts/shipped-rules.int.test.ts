import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type OutgoingRecord, topicEnds } from "../../../kafka/index.ts";
import { exampleOf } from "../../../schemas/index.ts";
import { quarantineRecord } from "../../../schemas/quarantined.ts";
import { loadRules } from "../../../stream/index.ts";
import { eventually } from "../../support/wait.ts";
import { whileRunning } from "../fixture.ts";
import { createProcessorFixture, type ProcessorFixture } from "../processor-fixture.ts";
import { nowhere } from "./alert-driver.ts";

const minute = 60_000;
/**
 * Rules wait for minutes, and alerts live by time of arrival. So all that comes before the alerts is done by a clock that is 65 minutes behind; then those who keep them
 * begin by the true one, as after a stop of so long: what was due meanwhile is due then, each at its moment.
 */
const behindMs = 65 * minute;
let fixture: ProcessorFixture;
beforeAll(async () => {
  fixture = await createProcessorFixture("shipped_rules");
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => fixture.stop());

/** From the events of the apps to what rules say of them; no alert is kept. */
const flows = [
  ...["enrich-driver-locations", "enrich-trip-events", "track-drivers"],
  ...["watch-drivers", "watch-trips", "count-cells", "count-cities"],
  ...["collect-app-errors", "collect-rider-sessions", "rate-app-versions"],
];
const flags = { "stream-lateness-ms": "1000", "stream-idle-ms": "1000" };

const square = { south: 40.5, north: 41, west: -74.5, east: -73.5 };
const [center, uptown] = [
  { latitude: 40.75, longitude: -74 },
  { latitude: 40.9, longitude: -73.8 },
];

type Feed = { readonly topic: string; readonly records: readonly OutgoingRecord[] };
type Case = {
  readonly rule: string;
  /** What the apps, or the front door, write; minutes before the moment in which it arrives. */
  feed(at: (minutesAgo: number) => number): readonly Feed[];
  readonly key: string;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What is told, and at the earliest how many minutes behind its arrival; windows move on in steps, and the events took some seconds to their rules. */
  readonly story: Readonly<Record<string, number>>;
};

const count = <T>(n: number, of: (i: number) => T): readonly T[] => Array.from({ length: n }, (_, i) => of(i));
const dataOf = (type: string, own: Readonly<Record<string, unknown>>) => {
  const known = fixture.schemas.catalogue.types.get(type);
  if (known === undefined) throw new Error(`no type ${type}`);
  return { ...exampleOf(known), ...own };
};
const records = (type: string, all: readonly (readonly [timeMs: number, data: Readonly<Record<string, unknown>>])[]) =>
  all.map(([timeMs, data]) => fixture.event(type, timeMs, dataOf(type, data)));
const requested = (trip_id: string, place: typeof center) => ({ trip_id, ...place });

const north = { expected: "a number", got: '"north"', message: 'expected a number, got "north"' };

const cases: readonly Case[] = [
  {
    rule: "safety-sos",
    feed: (at) => [
      {
        topic: "safety",
        records: records("safety.sos", [[at(0), { sos_id: "sos_1", person_id: "rdr_1", ...center }]]),
      },
    ],
    key: "safety-sos/sos_1",
    summary: "pressed the emergency button",
    labels: { sos_id: "sos_1", person_id: "rdr_1", city: "cty_square" },
    story: { opened: 0, repeated: 15, resolved: 30 },
  },
  {
    rule: "implausible-speed",
    // To and fro over thirty kilometres, within twenty seconds each time.
    feed: (at) => [
      {
        topic: "driver-locations",
        records: records(
          "driver.location",
          count(6, (i) => [at(8) + i * 20_000, { driver_id: "drv_jumps", ...(i % 2 === 0 ? center : uptown) }]),
        ),
      },
    ],
    key: "implausible-speed",
    summary: "The driver drv_jumps jumped 5 times within a quarter of an hour",
    labels: { driver_id: "drv_jumps" },
    story: { opened: 0, resolved: 21 },
  },
  {
    rule: "no-driver-events",
    // Those of the jumping driver are the only ones.
    feed: () => [],
    key: "no-driver-events/cty_square",
    summary: "From cty_square no position of a driver has arrived for ten minutes.",
    labels: { city: "cty_square" },
    story: { opened: 10, resolved: 65 },
  },
  {
    rule: "cancellation-spike",
    feed: (at) => [
      {
        topic: "trip-events",
        records: count(9, (i) => [
          ...records("trip.requested", [[at(9), requested(`trp_cancelled_${i}`, center)]]),
          ...records("trip.cancelled", [[at(8), { trip_id: `trp_cancelled_${i}`, ...center }]]),
        ]).flat(),
      },
    ],
    key: "cancellation-spike/cty_square",
    summary: "9 requests were cancelled within a quarter of an hour; 9 were made.",
    labels: { city: "cty_square" },
    story: { opened: 2, resolved: 10 },
  },
  {
    rule: "unmet-demand",
    feed: (at) => [
      {
        topic: "trip-events",
        records: records(
          "trip.requested",
          count(12, (i) => [at(9), requested(`trp_unmet_${i}`, uptown)]),
        ),
      },
    ],
    key: "unmet-demand/cty_square",
    summary: "12 requests found no driver within a quarter of an hour; 12 were made.",
    labels: { city: "cty_square" },
    story: { opened: 2, resolved: 11 },
  },
  {
    rule: "payment-failures",
    feed: (at) => [
      {
        topic: "payments",
        records: records(
          "payment.failed",
          count(11, (i) => [at(5), { trip_id: `trp_unpaid_${i}` }]),
        ),
      },
      {
        topic: "trip-events",
        records: records(
          "trip.completed",
          count(30, (i) => [at(5), { trip_id: `trp_done_${i}` }]),
        ),
      },
    ],
    key: "payment-failures",
    summary: "Payments failed for 11 trips within a quarter of an hour; 30 trips were completed.",
    labels: {},
    story: { opened: 2, resolved: 14 },
  },
  {
    rule: "app-error-rate",
    // At the beginning of a minute, which ends by the clock only after the test has ended it.
    feed: (at) => {
      const start = Math.floor(at(6) / minute) * minute;
      return [
        {
          topic: "rider-events",
          records: records("rider.session", [
            ...count(
              120,
              (i) => [start, { rider_id: `rdr_${i}`, session_id: `ses_${i}`, app_version: "9.2.0" }] as const,
            ),
            ...count(
              10,
              (i) => [start, { rider_id: `rdr_n${i}`, session_id: `ses_n${i}`, app_version: "9.3.0" }] as const,
            ),
          ]),
        },
        {
          topic: "app-errors",
          records: records(
            "app.error",
            count(8, (i) => [start, { session_id: `ses_n${i}`, app: "rider", app_version: "9.3.0" }]),
          ),
        },
      ];
    },
    key: "app-error-rate/rider/9.3.0",
    summary: "Version 9.3.0 of the rider app fails in 8 of 10 uses.",
    labels: { app: "rider", version: "9.3.0" },
    story: { opened: 2, resolved: 15 },
  },
  {
    rule: "quarantine-growth",
    // As the front door writes them.
    feed: (at) => [
      {
        topic: "quarantine",
        records: count(100, (i) =>
          quarantineRecord({
            ...{ eventId: `q-${i}`, type: "driver.location", source: "/apps/driver/ios/9.3.0", receivedAt: at(0) },
            ...{ time: new Date(at(0)).toISOString(), code: "event_field_missing", keyName: "app", stage: "live" },
            violations: [{ code: "event_field_missing", pointer: "/data/latitude", ...north }],
            original: Buffer.from("{}"),
          }),
        ),
      },
    ],
    key: "quarantine-growth",
    summary:
      "100 events of the type driver.location went into quarantine within a quarter of an hour: event_field_missing.",
    labels: { code: "event_field_missing", event_type: "driver.location" },
    story: { opened: 0, resolved: 29 },
  },
  {
    rule: "dead-letter-growth",
    // What the enriching processor cannot read it makes a dead letter.
    feed: () => [
      {
        topic: "driver-locations",
        records: count(10, (i) => ({
          key: `drv_${i}`,
          value: Buffer.from("not avro"),
          headers: { ce_id: `poison-${i}` },
        })),
      },
    ],
    key: "dead-letter-growth",
    summary: "10 records became dead letters within a quarter of an hour, in readPosition: record_framing_invalid.",
    labels: { step: "readPosition", code: "record_framing_invalid" },
    story: { opened: 0, resolved: 29 },
  },
  // The last three hear what the audit tells of the pipeline itself.
  {
    rule: "audit-mismatch",
    feed: (at) => [
      {
        topic: "pipeline-health",
        records: records("pipeline.audit", [
          [at(0), { event_type: "driver.location", station: "sink", missing: 2, extra: 0, unnamed: 0 }],
        ]),
      },
    ],
    key: "audit-mismatch/driver.location/sink",
    summary: "Of driver.location 2 events are missing at sink and 0 are too many",
    labels: { event_type: "driver.location", station: "sink" },
    story: { opened: 0, resolved: 60 },
  },
  {
    rule: "consumer-lag",
    feed: (at) => [
      {
        topic: "pipeline-health",
        records: records("pipeline.lag", [
          [at(0), { consumer_group: "sinks", source_topic: "driver-locations", records: 500, seconds: 120 }],
        ]),
      },
    ],
    key: "consumer-lag/sinks",
    summary: "sinks is 120 s behind in driver-locations: 500 records wait.",
    labels: { group: "sinks", topic: "driver-locations" },
    story: { opened: 1, resolved: 6 },
  },
  {
    rule: "sink-rejections",
    feed: (at) => [
      {
        topic: "pipeline-health",
        records: records("pipeline.rejections", [
          [at(0), { consumer: "sinks", source_topic: "trips", code: "sink_record_unreadable", records: 12 }],
        ]),
      },
    ],
    key: "sink-rejections",
    summary: "12 records of trips became dead letters of sinks within a quarter of an hour: sink_record_unreadable.",
    labels: { sink: "sinks", code: "sink_record_unreadable" },
    story: { opened: 0, resolved: 10 },
  },
];

/** Brings event time to a moment in every partition of a topic that a processor with memory reads, by events that say nothing. */
async function letTimePass(
  timeMs: number,
  topic: string,
  type: string,
  of: (partition: number) => Readonly<Record<string, unknown>>,
): Promise<void> {
  const { length } = await topicEnds(fixture.connection, fixture.prefix + topic);
  const marker = (partition: number) => fixture.event(type, timeMs, dataOf(type, of(partition)));
  await fixture.write(
    topic,
    count(length, (partition) => ({ ...marker(partition), partition })),
  );
}

async function toldOf(rule: string) {
  const told = (await fixture.eventsOf("alerts"))
    .map(({ id, time, data }) => ({ ...data, id, at: Date.parse(time) }))
    .filter((one) => (one as Record<string, unknown>).rule === rule);
  return [...new Map(told.map((one) => [one.id, one as typeof one & Record<string, unknown>])).values()];
}

test("each rule that ships fires by what the apps send, and is resolved when that is over", async () => {
  const { schemas } = fixture;
  const rules = loadRules(schemas.catalogue, nowhere);
  expect(cases.map(({ rule }) => rule).sort()).toEqual(rules.all.map(({ name }) => name).sort());
  const matching = rules.topics.map((topic) => `match-${topic}`);

  const now = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => now() - behindMs);
  const arrivedMs = Date.now();
  const boundary = [
    { latitude: square.south, longitude: square.west },
    { latitude: square.south, longitude: square.east },
    { latitude: square.north, longitude: square.east },
    { latitude: square.north, longitude: square.west },
  ];
  const city = { city_id: "cty_square", name: "Square", country: "US", currency: "USD", timezone: "America/New_York" };
  await fixture.write("cities", [fixture.event("city", arrivedMs, { ...city, boundary })]);
  for (const { feed } of cases)
    for (const { topic, records } of feed((minutes) => arrivedMs - minutes * minute))
      await fixture.write(topic, records);
  const overMs = arrivedMs - minute;
  const zero = { latitude: 0, longitude: 0 };
  await letTimePass(overMs, "driver-locations", "driver.location", (i) => ({ driver_id: `drv_end_${i}`, ...zero }));
  await letTimePass(overMs, "trip-events", "trip.requested", (i) => ({ trip_id: `trp_end_${i}`, ...zero }));
  const wanted = new Set(cases.map(({ rule }) => rule));
  await whileRunning(fixture.streamOf([...flows, ...matching], flags), async () => {
    // The minute of the versions is over only once all that belongs to it has come by its two ways.
    const activities = async () => (await fixture.readAll("app-activity")).length;
    await eventually(async () => expect(await activities()).toBe(138), { everyMs: 250 });
    await letTimePass(overMs, "rider-events", "rider.session", (i) => ({ rider_id: `rdr_end_${i}`, app_version: "0" }));
    await eventually(
      async () => {
        const signals = await fixture.readAll("alert-signals");
        const heard = signals.map(({ value }) => JSON.parse(String(value)) as { rule: string; on?: boolean });
        const missing = [...wanted].filter((rule) => !heard.some((signal) => signal.rule === rule));
        expect(missing).toEqual([]);
        const of = (rule: string) => heard.filter((signal) => signal.rule === rule && signal.on !== false).length;
        const several = ["implausible-speed", "payment-failures", "quarantine-growth", "app-error-rate"].map(of);
        expect(several).toEqual([5, 41, 100, 1]);
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
  });
  expect(await fixture.readAll("alerts")).toEqual([]);
  vi.restoreAllMocks();

  // Of what comes before the alerts, the way of a position is enough now.
  const rest = ["enrich-driver-locations", "track-drivers", "match-driver-positions", "keep-alerts"];
  await whileRunning(fixture.streamOf(rest, flags), async () => {
    await eventually(
      async () => {
        const opened = await Promise.all(cases.map(async ({ rule }) => ((await toldOf(rule)).length > 0 ? rule : "")));
        expect(opened.filter((rule) => rule !== "").sort()).toEqual([...wanted].sort());
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
    // The city is heard of again.
    const again = fixture.event("driver.location", Date.now(), { driver_id: "drv_back", ...center });
    await fixture.write("driver-locations", [again]);
    await eventually(
      async () => {
        for (const { rule } of cases) expect((await toldOf(rule)).at(-1), rule).toMatchObject({ status: "resolved" });
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
  });
  for (const { rule, key, summary, labels, story } of cases) {
    const told = await toldOf(rule);
    expect(told[0], rule).toMatchObject({ alert_key: key, status: "firing", cause: "condition" });
    expect(told[0]?.labels, rule).toMatchObject(labels);
    expect(told[0]?.summary, rule).toContain(summary);
    expect(
      told.map(({ notification }) => notification),
      rule,
    ).toEqual(Object.keys(story));
    for (const [i, earliest] of Object.values(story).entries()) {
      const minutes = ((told[i]?.at ?? 0) - arrivedMs) / minute;
      expect(minutes, `${rule} ${told[i]?.notification}`).toBeGreaterThanOrEqual(earliest);
      expect(minutes, `${rule} ${told[i]?.notification}`).toBeLessThan(earliest + 2.5);
    }
  }
});
