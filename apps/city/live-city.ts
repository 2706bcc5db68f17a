import { v7 as uuidV7 } from "uuid";
import { type City, cities } from "../cities.ts";
import type { KeyedEvent } from "../event.ts";
import { arc } from "../geo.ts";
import { createRandom, type Random } from "../random.ts";
import { cityEvent, profileEvents } from "../reference.ts";
import { riderAppears } from "./demand.ts";
import { driverTurn } from "./driver-turn.ts";
import { appFails, someoneCallsForHelp } from "./mishaps.ts";
import { type CityDriver, createWorld, placeNear } from "./world.ts";

/** A synthetic city that tells its next event whenever it is asked. */
export type LiveCity = {
  /** Cities, drivers and vehicles; post these before anything else. */
  reference(nowMs: number): readonly KeyedEvent[];
  /** The next event at this time. Undefined when nothing happens: everyone is on a break. Times must not go back. */
  next(nowMs: number): KeyedEvent | undefined;
};

export type LiveCityOptions = {
  readonly drivers: number;
  readonly seed: number;
  /** How often {@link LiveCity.next} will be called, times a second; riders come as often as that leaves room for. */
  readonly rate: number;
  /** When the city wakes up, ms since 1970. */
  readonly nowMs: number;
  /** Ids of events, trips and sessions; UUIDv7 unless a test wants to know them beforehand. */
  readonly newId?: () => string;
};

/**
 * Drivers post by turns, so the rate decides how often each of them is heard; people and cars move at the pace of the clock,
 * however fast or slow that is. What happens depends on the seed and on the times of the calls, and on nothing else.
 */
export function createLiveCity(p: LiveCityOptions): LiveCity {
  const random = createRandom(p.seed, 0x63697479);
  const newId = p.newId ?? (() => uuidV7());
  const drivers = Array.from({ length: p.drivers }, (_, number) => newDriver(random, p.seed, number, p.nowMs));
  const world = createWorld({ random, newId, drivers });
  let outbox: KeyedEvent[] = [];
  let turn = 0;

  /** Happens again and again, on average every `meanMs`, as independent things do (Poisson). */
  const often = (firstMs: number, meanMs: number, act: (nowMs: number) => readonly KeyedEvent[]) => {
    const again = (dueMs: number): void => {
      world.agenda.push({
        dueMs,
        act: (nowMs) => {
          again(nowMs - Math.log(1 - random()) * meanMs);
          return act(nowMs);
        },
      });
    };
    again(p.nowMs + firstMs);
  };
  // A ride makes about fifteen events besides positions: a third of the rate is theirs, at most one rider a driver in two minutes.
  const ridersASecond = Math.min(p.drivers / 120, p.rate / 30);
  often(500, 1_000 / ridersASecond, (nowMs) => riderAppears(world, nowMs));
  often(15_000, Math.max(20_000, 500_000 / p.rate), (nowMs) => appFails(world, nowMs));
  often(40_000, 240_000, (nowMs) => someoneCallsForHelp(world, nowMs));

  return {
    reference(nowMs) {
      const idOf = () => newId();
      return [
        ...cities.map((city) => cityEvent(city, nowMs, idOf)),
        ...drivers.flatMap((driver) =>
          profileEvents({ ...driver, homeCityId: driver.city.cityId, timeMs: nowMs, idOf }),
        ),
      ];
    },
    next(nowMs) {
      // One round over all drivers is enough to see that nobody is at work.
      for (let tries = 0; outbox.length === 0 && tries <= drivers.length; tries += 1) {
        const due = world.agenda.peek();
        if (due !== undefined && due.dueMs <= nowMs) {
          world.agenda.pop();
          outbox = [...due.act(nowMs)];
          continue;
        }
        turn = (turn + 1) % drivers.length;
        const driver = drivers[turn];
        if (driver !== undefined) outbox = [...driverTurn(world, driver, nowMs)];
      }
      return outbox.shift();
    },
  };
}

/** Three of five drivers are in the first city, one in each of the others. */
function newDriver(random: Random, seed: number, number: number, nowMs: number): CityDriver {
  const city: City = cities[Math.max(0, (number % 5) - 2)] ?? cities[0];
  const place = placeNear(random, city, city.centre, 500 + random() * 6_000);
  const digits = `${seed}_${String(number + 1).padStart(5, "0")}`;
  return {
    driverId: `drv_sim_${digits}`,
    vehicleId: `veh_sim_${digits}`,
    number,
    city,
    activity: "offline",
    place,
    path: arc(place, place, 0),
    fromMs: nowMs,
    toMs: nowMs,
    ride: undefined,
  };
}
