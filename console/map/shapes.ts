/** What the server tells the page about the map. Times are milliseconds since 1970; a place is [longitude, latitude] in degrees. */
export type Place = readonly [longitude: number, latitude: number];

/** Supply and demand of one area in one minute. */
export type AreaCounts = {
  /** Drivers on no trip. */
  readonly drivers: number;
  readonly requests: number;
  /** Requests that found no driver. */
  readonly unmet: number;
  /** What a price is multiplied by. */
  readonly surge: number;
};

export type CellLine = AreaCounts & {
  /** The H3 cell, lower-case hexadecimal. */
  readonly cell: string;
  /** Its corners. */
  readonly outline: readonly Place[];
};

export type MapMinute = {
  /** Of the cities that had something in the span; the one that is shown is `city`. */
  readonly cities: readonly string[];
  readonly city: string | null;
  /** Minutes of the city in the span, the oldest first; without rows there is none. */
  readonly minutes: readonly number[];
  /** The minute that is shown: the one that was asked for, else the newest. */
  readonly minute: number | null;
  readonly whole: AreaCounts | null;
  readonly cells: readonly CellLine[];
};

/** Coastlines and borders within a frame. */
export type Land = { readonly lines: readonly (readonly Place[])[] };
