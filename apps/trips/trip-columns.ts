import { PipelineError } from "../../runtime/index.ts";

/** The columns that a replay uses, by the names they had in green and yellow files from 2009 to 2016. */
const names = {
  pickupTime: ["lpep_pickup_datetime", "tpep_pickup_datetime", "pickup_datetime", "trip_pickup_datetime"],
  dropoffTime: ["lpep_dropoff_datetime", "tpep_dropoff_datetime", "dropoff_datetime", "trip_dropoff_datetime"],
  pickupLongitude: ["pickup_longitude", "start_lon"],
  pickupLatitude: ["pickup_latitude", "start_lat"],
  dropoffLongitude: ["dropoff_longitude", "end_lon"],
  dropoffLatitude: ["dropoff_latitude", "end_lat"],
  storedAndForwarded: ["store_and_fwd_flag", "store_and_forward", "store_and_fwd"],
  passengerCount: ["passenger_count"],
  distance: ["trip_distance"],
  totalAmount: ["total_amount", "total_amt"],
  fareAmount: ["fare_amount", "fare_amt"],
} as const;

export type TripColumn = keyof typeof names;

/** Where each column is in a row; a column that the file does not have is missing here. */
export type TripColumns = Readonly<Partial<Record<TripColumn, number>>>;

const needed: readonly TripColumn[] = ["pickupTime", "pickupLongitude", "pickupLatitude"];

/**
 * Finds the columns, whatever the case and the blanks around their names.
 * @throws PipelineError replay_file_unreadable when pickup time or position has no column, naming what there is
 */
export function findColumns(header: readonly string[]): TripColumns {
  const cells = header.map((cell) => cell.trim().toLowerCase());
  const found: Partial<Record<TripColumn, number>> = {};
  for (const [column, spellings] of Object.entries(names)) {
    const index = cells.findIndex((cell) => (spellings as readonly string[]).includes(cell));
    if (index >= 0) found[column as TripColumn] = index;
  }
  const missing = needed.filter((column) => found[column] === undefined);
  if (missing.length > 0) {
    const wanted = missing.map((column) => names[column].join(" or ")).join("; ");
    const zones = cells.some((cell) => cell.includes("locationid"));
    const hint = zones ? " Files since July 2016 have zone numbers in place of coordinates." : "";
    throw new PipelineError("replay_file_unreadable", {
      message: `The first line has no column ${wanted}; it has ${cells.join(", ").slice(0, 500)}.${hint}`,
    });
  }
  return found;
}
