import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { CsvError, type Info, parse } from "csv-parse";
import { v5 as uuidV5 } from "uuid";
import { PipelineError } from "../../runtime/index.ts";
import type { Place } from "../geo.ts";
import { createLocalClock, type LocalClock } from "./local-time.ts";
import type { RowProblem, Trip, TripRow } from "./trip.ts";
import { findColumns, type TripColumn, type TripColumns } from "./trip-columns.ts";

const metresPerMile = 1_609.344;
const maxPassengers = 1_000;
/** Above it cents would not be whole numbers any more. Negative amounts are refunds and stay. */
const maxDollars = 1e12;
/** Namespace of all trips of all files (RFC 9562, section 5.5); a constant of our own. */
const tripNamespace = "6f1c1f0e-6a35-5c0b-9a55-0c1a5c0e7a11";
/** How many rows a repetition is remembered for; see {@link createIdentities}. */
const rememberedRows = 500_000;

/**
 * Reads a CSV file of TLC trip records (or one compressed by gzip, named .gz) as a stream, row by row.
 * @throws PipelineError replay_file_unreadable when there is no such file, or the header lacks what is needed
 */
export async function* readTrips(p: {
  readonly file: string;
  readonly timeZone: string;
  /** Stop after this many rows. */
  readonly limit?: number | undefined;
}): AsyncGenerator<TripRow> {
  const clock = createLocalClock(p.timeZone);
  const identify = createIdentities();
  const source = createReadStream(p.file);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
  });
  const stages = p.file.endsWith(".gz") ? [source, createGunzip(), parser] : [source, parser];
  // A failure of any stage ends the parser with that error, and the loop below throws it.
  pipeline(stages).catch(() => undefined);

  let columns: TripColumns | undefined;
  let rows = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      if (columns === undefined) {
        columns = findColumns(record);
        continue;
      }
      if (rows === (p.limit ?? Number.POSITIVE_INFINITY)) break;
      rows += 1;
      yield { line: info.lines, ...readRow(record, columns, clock, identify) };
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!(error instanceof CsvError) && !/^(E|Z_)/.test(code)) throw error;
    throw new PipelineError("replay_file_unreadable", { cause: error, fields: { file: p.file } });
  } finally {
    source.destroy();
    parser.destroy();
  }
  if (columns === undefined) {
    throw new PipelineError("replay_file_unreadable", { message: "The file is empty.", fields: { file: p.file } });
  }
}

function readRow(
  record: readonly string[],
  columns: TripColumns,
  clock: LocalClock,
  identify: (text: string) => string,
): Omit<TripRow, "line"> {
  const cell = (column: TripColumn) => record[columns[column] ?? -1] ?? "";
  const [pickupMs] = clock.instantsOf(cell("pickupTime"));
  const pickup = readPlace(cell("pickupLatitude"), cell("pickupLongitude"));
  if (pickupMs === undefined) {
    const short = record.length <= (columns.pickupTime ?? 0);
    return { problems: [short ? "row_malformed" : "pickup_time_unreadable"] };
  }
  if (pickup === undefined) return { problems: ["pickup_position_missing"] };

  const problems: RowProblem[] = [];
  const dropoffs = clock.instantsOf(cell("dropoffTime"));
  // In the hour that comes twice, a drop-off is the first one after its pickup.
  const dropoffMs = dropoffs.find((instant) => instant >= pickupMs);
  if (cell("dropoffTime") !== "" && dropoffs.length === 0) problems.push("dropoff_time_unreadable");
  if (dropoffs.length > 0 && dropoffMs === undefined) problems.push("dropoff_before_pickup");
  const dropoff = readPlace(cell("dropoffLatitude"), cell("dropoffLongitude"));
  if (dropoff === undefined) problems.push("dropoff_position_missing");

  const passengers = readNumber(cell("passengerCount"));
  const isCrowd = passengers !== undefined && (passengers < 0 || passengers > maxPassengers);
  if (isCrowd) problems.push("passenger_count_impossible");
  const miles = readNumber(cell("distance"));
  const dollars = readNumber(cell("totalAmount")) ?? readNumber(cell("fareAmount"));
  const isFortune = dollars !== undefined && Math.abs(dollars) > maxDollars;
  if (isFortune) problems.push("amount_impossible");
  const trip: Trip = {
    uuid: identify(record.join("\u001f")),
    pickupMs,
    pickup,
    storedAndForwarded: /^(y|yes|1|t|true)$/i.test(cell("storedAndForwarded")),
    ...(dropoffMs === undefined ? {} : { dropoffMs }),
    ...(dropoff === undefined ? {} : { dropoff }),
    ...(passengers === undefined || isCrowd ? {} : { passengerCount: Math.trunc(passengers) }),
    ...(miles === undefined ? {} : { distanceMetres: Math.round(miles * metresPerMile * 10) / 10 }),
    ...(dollars === undefined || isFortune ? {} : { fareCents: Math.round(dollars * 100) }),
  };
  return { trip, problems };
}

function readNumber(text: string): number | undefined {
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** TLC meters without a satellite fix wrote 0, 0, which is a place in the Atlantic: it counts as none. */
function readPlace(latitudeText: string, longitudeText: string): Place | undefined {
  const latitude = readNumber(latitudeText);
  const longitude = readNumber(longitudeText);
  if (latitude === undefined || longitude === undefined) return undefined;
  if (latitude === 0 || longitude === 0 || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  return { latitude, longitude };
}

/**
 * The id of a row is made of its text; of identical rows, each has its number as well, for they are trips of their own.
 * Memory is bounded: identical rows with more than a million others between them get the same id.
 */
function createIdentities(): (text: string) => string {
  let recent = new Map<string, number>();
  let older = new Map<string, number>();
  return (text) => {
    const uuid = uuidV5(text, tripNamespace);
    const before = recent.get(uuid) ?? older.get(uuid) ?? 0;
    recent.set(uuid, before + 1);
    if (recent.size >= rememberedRows) {
      older = recent;
      recent = new Map();
    }
    return before === 0 ? uuid : uuidV5(`${text}\u001f${before}`, tripNamespace);
  };
}
