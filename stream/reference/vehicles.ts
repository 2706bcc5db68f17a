/** What enrichment needs of a vehicle's profile; the rest is not kept. */
export type Vehicle = { readonly vehicleClass: string | null; readonly capacity: number | null };

/** @param profile data of a `vehicle.profile` event. */
export function vehicleOf(profile: Readonly<Record<string, unknown>>): Vehicle {
  return {
    vehicleClass: typeof profile.vehicle_class === "string" ? profile.vehicle_class : null,
    capacity: typeof profile.capacity === "number" ? profile.capacity : null,
  };
}
