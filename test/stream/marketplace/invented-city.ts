import { gridDisk, latLngToCell } from "h3-js";
import { createRandom } from "../../../apps/random.ts";

export const start = Date.UTC(2026, 0, 5, 8);
export const minute = 60_000;

/** An enriched event: what the enriching processor would have made of it. */
export type CityEvent = {
  readonly id: string;
  readonly type: string;
  readonly timeMs: number;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** The fine cells of the city, and of another one that shares its border. */
const cells = gridDisk(latLngToCell(40.75, -73.98, 8), 3);

/**
 * What happens within some minutes in two cities side by side: drivers with and without a trip, some outside of both; trips of every kind, with stages
 * missing, without a position, asked for twice, accepted too late. In the order of time.
 */
export function inventCity(
  seed: number,
  size: { readonly drivers: number; readonly trips: number; readonly minutes: number },
) {
  const random = createRandom(seed);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from));
  const events: CityEvent[] = [];
  const place = () => {
    const at = between(0, cells.length);
    const city_id = at % 10 === 9 ? null : at % 3 === 0 ? "cty_east" : "cty_west";
    return { city_id, h3_cell: cells[at] as string, latitude: 40.7, longitude: -74 };
  };
  const add = (type: string, timeMs: number, key: string, data: CityEvent["data"]) =>
    events.push({ id: `${type}-${key}-${events.length}`, type, timeMs: start + timeMs, key, data });
  const nowhere = { city_id: null, h3_cell: null, latitude: null, longitude: null };
  const whole = size.minutes * minute;

  for (let d = 0; d < size.drivers; d++) {
    const driver_id = `drv_${d}`;
    let at = place();
    let trip_id: string | null = null;
    for (let t = between(0, 20_000); t < whole; t += between(2_000, 40_000)) {
      if (random() < 0.3) at = place();
      if (random() < 0.2) trip_id = trip_id === null ? `trp_of_${d}` : null;
      // Two at the same moment, now and then.
      for (let i = random() < 0.05 ? 2 : 1; i > 0; i--) {
        add("driver.location", t, driver_id, { driver_id, trip_id: i === 2 ? "trp_other" : trip_id, ...at });
      }
    }
  }
  for (let i = 0; i < size.trips; i++) {
    const trip_id = `trp_${i}`;
    const asked = place();
    const driver_id = `drv_${between(0, size.drivers)}`;
    let t = between(0, whole);
    const by = { trip_id, driver_id };
    const chance = random();
    if (chance > 0.03) add("trip.requested", t, trip_id, { trip_id, rider_id: `rdr_${i}`, ...asked });
    if (random() < 0.1) add("trip.requested", t + 1_500, trip_id, { trip_id, rider_id: `rdr_${i}`, ...place() });
    if (chance < 0.15) {
      // Nobody came.
      if (random() < 0.7)
        add("trip.cancelled", t + between(1_000, 4 * minute), trip_id, {
          ...by,
          driver_id: null,
          cancelled_by: "rider",
          ...nowhere,
        });
      if (random() < 0.2) add("trip.accepted", t + between(1, 5) * minute, trip_id, { ...by, ...place() });
      continue;
    }
    t += between(500, 150_000);
    add("trip.accepted", t, trip_id, { ...by, ...(random() < 0.2 ? nowhere : place()) });
    if (random() < 0.15) {
      add("trip.cancelled", t + between(0, minute), trip_id, {
        ...by,
        cancelled_by: "driver",
        ...(random() < 0.5 ? nowhere : place()),
      });
      continue;
    }
    t += between(0, 5 * minute);
    add("trip.driver_arrived", t, trip_id, { ...by, ...(random() < 0.3 ? nowhere : asked) });
    if (random() < 0.9) add("trip.completed", t + between(minute, 6 * minute), trip_id, { ...by, ...place() });
  }
  return events.sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
}
