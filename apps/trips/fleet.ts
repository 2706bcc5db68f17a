import { metresBetween, type Place } from "../geo.ts";
import type { TripPlan } from "./trip-plan.ts";

/** One driver with a vehicle, as the assignment of trips left them. */
export type Driver = {
  /** Counts from 0 in the order of joining. */
  readonly number: number;
  readonly driverId: string;
  readonly vehicleId: string;
};

/** Who drives a trip. */
export type Assignment = {
  readonly driver: Driver;
  /** Where the driver's last trip ended; undefined on the first. */
  readonly from: Place | undefined;
  /** Whether the driver joined the fleet for this trip, since all others were busy: the profile is not posted yet. */
  readonly joined: boolean;
};

export type Fleet = {
  /** The drivers that are there from the start. */
  readonly founders: readonly Driver[];
  readonly size: number;
  /** Call in the order of the trips' first events: it depends on the trips before. */
  assign(plan: TripPlan): Assignment;
};

type Member = { readonly driver: Driver; freeAtMs: number; place: Place | undefined };

/** A driver rests this long after a drop-off. */
const restMs = 20_000;
/** More candidates would cost time and find nobody much nearer. */
const maxCandidates = 256;

/**
 * The TLC does not publish who drove, so the trips are given to a made-up fleet: each to the free driver whose last trip
 * ended nearest to the pickup. Nobody drives two trips at once; when all are busy, the fleet grows.
 */
export function createFleet(founderCount: number): Fleet {
  const members: Member[] = Array.from({ length: founderCount }, (_, number) => member(number));
  const founders = members.map((one) => one.driver);
  let start = 0;

  return {
    founders,
    get size() {
      return members.length;
    },
    assign(plan) {
      let best: Member | undefined;
      let bestMetres = Number.POSITIVE_INFINITY;
      let candidates = 0;
      // Begin elsewhere each time, so that in a large fleet everyone gets a turn.
      start = (start + 1) % Math.max(1, members.length);
      for (let step = 0; step < members.length && candidates < maxCandidates; step += 1) {
        const one = members[(start + step) % members.length];
        if (one === undefined || one.freeAtMs > plan.acceptedMs) continue;
        candidates += 1;
        // A driver without a trip yet could be anywhere: better than one who is five kilometres away.
        const metres = one.place === undefined ? 5_000 : metresBetween(one.place, plan.trip.pickup);
        if (metres < bestMetres) {
          best = one;
          bestMetres = metres;
        }
      }
      const joined = best === undefined;
      if (best === undefined) {
        best = member(members.length);
        members.push(best);
      }
      const from = best.place;
      best.freeAtMs = plan.completedMs + restMs;
      best.place = plan.trip.dropoff ?? plan.trip.pickup;
      return { driver: best.driver, from, joined };
    },
  };
}

function member(number: number): Member {
  const digits = String(number + 1).padStart(5, "0");
  const driver = { number, driverId: `drv_tlc_${digits}`, vehicleId: `veh_tlc_${digits}` };
  return { driver, freeAtMs: Number.NEGATIVE_INFINITY, place: undefined };
}
