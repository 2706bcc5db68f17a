/** What the stream processor adds to an event; null when it is not known. */
export type Enrichment = {
  readonly city_id: string | null;
  readonly h3_cell: string | null;
  readonly driver_rating: number | null;
  readonly driver_home_city_id: string | null;
  readonly enriched_vehicle_id: string | null;
  readonly vehicle_class: string | null;
  readonly vehicle_capacity: number | null;
  /** Any of driver, vehicle, city, position. */
  readonly enrichment_missing: readonly string[];
};

/** Makes enriched records out of base records without decoding them: the enriched bytes are the base bytes and a tail. */
export type EnrichmentEncoder = {
  /** The encoded enrichment fields. */
  tail(enrichment: Enrichment): Buffer;
  /** Framed enriched bytes out of framed base bytes, which must be of our own version (`RowDecoder.current`). */
  append(base: Buffer, enrichment: Enrichment): Buffer;
};
