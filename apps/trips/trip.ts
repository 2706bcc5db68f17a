import type { Place } from "../geo.ts";

/** One row of the file, in the units of the pipeline. What the row does not say is left out. */
export type Trip = {
  /** UUID made of the row's own text, and of how many identical rows came before it: the same file gives the same ids. */
  readonly uuid: string;
  readonly pickupMs: number;
  readonly dropoffMs?: number;
  readonly pickup: Place;
  readonly dropoff?: Place;
  readonly storedAndForwarded: boolean;
  readonly passengerCount?: number;
  /** By the vehicle's meter. */
  readonly distanceMetres?: number;
  /** US cents: the total that the rider paid or, when the file has no such column, the fare. */
  readonly fareCents?: number;
};

/** A row that cannot be played as it is. */
export type RowProblem =
  | "row_malformed"
  | "pickup_time_unreadable"
  | "pickup_position_missing"
  /** Played, but as if there were no drop-off time. */
  | "dropoff_time_unreadable"
  | "dropoff_before_pickup"
  /** Played without that number: no count of passengers or amount of money can be like this. */
  | "passenger_count_impossible"
  | "amount_impossible"
  /** Played without a way, for there is no end to drive to. */
  | "dropoff_position_missing";

/** What one row became. Every row of the file gives one of these: none disappears. */
export type TripRow = {
  /** 1 is the header's line. */
  readonly line: number;
  /** Missing when the row cannot be played. */
  readonly trip?: Trip;
  readonly problems: readonly RowProblem[];
};
