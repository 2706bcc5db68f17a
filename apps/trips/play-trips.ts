import TinyQueue from "tinyqueue";
import { v5 as uuidV5 } from "uuid";
import { newYork } from "../cities.ts";
import type { KeyedEvent } from "../event.ts";
import { cityEvent, type IdOf, profileEvents } from "../reference.ts";
import { createFleet } from "./fleet.ts";
import type { RowProblem, TripRow } from "./trip.ts";
import { type PostedEvent, type TripEventsOptions, tripEvents } from "./trip-events.ts";
import { planTrip, type TripPlan } from "./trip-plan.ts";

/** An event and when it reaches the door; later than its own time when the vehicle had no connection. */
export type Played = { readonly postAtMs: number; readonly keyed: KeyedEvent };

export type PlayOptions = TripEventsOptions & {
  /** Drivers that are there from the start; the fleet grows when all are busy. */
  readonly drivers: number;
  /** Rows that are held to bring them into order; a file with no more rows is in order whole. */
  readonly windowRows?: number;
};

/** What happened to the rows, complete when the play has ended. */
export type PlayCounts = {
  /** Data rows of the file that were read. */
  rows: number;
  /** Rows that became events. */
  trips: number;
  /** Trips that have begun to play. */
  begun: number;
  /** Trips whose driver's events arrive late. */
  storedAndForwarded: number;
  /** Trips that began before others already played: the file's disorder was wider than the window. */
  outOfOrder: number;
  /** Profiles and cities among the events. */
  reference: number;
  /** By what is wrong: how many rows, and the lines of the first few. Rows without a pickup are not played. */
  readonly problems: Map<RowProblem, { count: number; readonly lines: number[] }>;
};

export type Play = {
  /** Reference data first, then all events of all trips in the order of `postAtMs`, in handfuls. */
  readonly events: AsyncGenerator<readonly Played[]>;
  readonly counts: PlayCounts;
};

/** Reference data is older than any trip of the file: 1 January 2009, the first day of TLC records with coordinates. */
const referenceMs = Date.UTC(2009, 0, 1);
const referenceNamespace = "b1f2a7c4-3c1d-5d7e-8f5a-2d6c9e0b4a10";
const shownLines = 5;

type Run = { next: PostedEvent; postAtMs: number; readonly delayMs: number; readonly rest: Iterator<PostedEvent> };

/**
 * Plays trips as their apps' events, in the order in which the events reach the door. Memory holds at most `windowRows`
 * trips that wait and, of each trip under way, the next event.
 */
export function playTrips(rows: AsyncIterable<TripRow>, options: PlayOptions): Play {
  const counts: PlayCounts = {
    rows: 0,
    trips: 0,
    begun: 0,
    storedAndForwarded: 0,
    outOfOrder: 0,
    reference: 0,
    problems: new Map(),
  };
  return { events: play(rows, options, counts), counts };
}

async function* play(
  rows: AsyncIterable<TripRow>,
  options: PlayOptions,
  counts: PlayCounts,
): AsyncGenerator<readonly Played[]> {
  const fleet = createFleet(options.drivers);
  const waiting = new TinyQueue<TripPlan>([], compareTrips);
  const underWay = new TinyQueue<Run>([], compareRuns);
  const windowRows = options.windowRows ?? 200_000;
  let playedUntilMs = Number.NEGATIVE_INFINITY;

  const profiles = (driver: { number: number; driverId: string; vehicleId: string }) =>
    profileEvents({ ...driver, homeCityId: newYork.cityId, timeMs: referenceMs, idOf: referenceId });
  const asReference = (events: readonly KeyedEvent[], postAtMs: number): readonly Played[] => {
    counts.reference += events.length;
    return events.map((keyed) => ({ postAtMs, keyed }));
  };

  /** Starts the earliest trip that waits, and gives all that is due before it. */
  function* beginNext(): Generator<readonly Played[]> {
    const plan = waiting.pop();
    if (plan === undefined) return;
    yield flush(underWay, plan.sessionMs);
    if (plan.sessionMs < playedUntilMs) counts.outOfOrder += 1;
    playedUntilMs = Math.max(playedUntilMs, plan.sessionMs);
    counts.begun += 1;
    const assignment = fleet.assign(plan);
    if (assignment.joined) yield asReference(profiles(assignment.driver), plan.sessionMs);
    if (plan.driverDelayMs === 0) {
      begin(underWay, tripEvents(plan, assignment, options), 0);
      return;
    }
    counts.storedAndForwarded += 1;
    begin(underWay, only("rider", tripEvents(plan, assignment, options)), 0);
    begin(underWay, only("driver", tripEvents(plan, assignment, options)), plan.driverDelayMs);
  }

  // The time of the reference data is its own; it reaches the door just before the first trip does.
  yield asReference(
    [cityEvent(newYork, referenceMs, referenceId), ...fleet.founders.flatMap(profiles)],
    Number.NEGATIVE_INFINITY,
  );
  for await (const row of rows) {
    note(counts, row);
    if (row.trip === undefined) continue;
    waiting.push(planTrip(row.trip));
    if (waiting.length > windowRows) yield* beginNext();
  }
  while (waiting.length > 0) yield* beginNext();
  yield flush(underWay, Number.POSITIVE_INFINITY);
}

function note(counts: PlayCounts, row: TripRow): void {
  counts.rows += 1;
  if (row.trip !== undefined) counts.trips += 1;
  for (const problem of row.problems) {
    const noted = counts.problems.get(problem) ?? { count: 0, lines: [] };
    noted.count += 1;
    if (noted.lines.length < shownLines) noted.lines.push(row.line);
    counts.problems.set(problem, noted);
  }
}

function begin(underWay: TinyQueue<Run>, events: Iterator<PostedEvent>, delayMs: number): void {
  const first = events.next();
  if (first.done === true) return;
  underWay.push({ next: first.value, postAtMs: first.value.timeMs + delayMs, delayMs, rest: events });
}

/** Everything that reaches the door before `untilMs`. */
function flush(underWay: TinyQueue<Run>, untilMs: number): readonly Played[] {
  const due: Played[] = [];
  for (let run = underWay.peek(); run !== undefined && run.postAtMs < untilMs; run = underWay.peek()) {
    underWay.pop();
    due.push({ postAtMs: run.postAtMs, keyed: run.next });
    begin(underWay, run.rest, run.delayMs);
  }
  return due;
}

function* only(by: PostedEvent["by"], events: Iterable<PostedEvent>): Generator<PostedEvent> {
  for (const event of events) if (event.by === by) yield event;
}

const referenceId: IdOf = (type, key) => uuidV5(`${type}:${key}`, referenceNamespace);

/** Ties are broken by id, so that the order does not depend on the file's. */
function compareTrips(a: TripPlan, b: TripPlan): number {
  return a.sessionMs - b.sessionMs || (a.tripId < b.tripId ? -1 : 1);
}

function compareRuns(a: Run, b: Run): number {
  return a.postAtMs - b.postAtMs || (a.next.event.id < b.next.event.id ? -1 : 1);
}
