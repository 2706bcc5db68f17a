/** What enrichment needs of a driver's profile; the rest is not kept. */
export type Driver = {
  readonly rating: number | null;
  readonly vehicleId: string | null;
  readonly homeCityId: string | null;
};

/** @param profile data of a `driver.profile` event. */
export function driverOf(profile: Readonly<Record<string, unknown>>): Driver {
  return {
    rating: typeof profile.rating === "number" ? profile.rating : null,
    vehicleId: typeof profile.vehicle_id === "string" ? profile.vehicle_id : null,
    homeCityId: typeof profile.home_city_id === "string" ? profile.home_city_id : null,
  };
}
