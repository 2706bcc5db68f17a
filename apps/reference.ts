import type { City } from "./cities.ts";
import { type KeyedEvent, makeEvent } from "./event.ts";
import { createRandom, pick } from "./random.ts";

/** How a reference event gets its id; the callers want different ones. */
export type IdOf = (type: "driver.profile" | "vehicle.profile" | "city", key: string) => string;

const firstNames = [
  "Ada",
  "Ben",
  "Carmen",
  "Dawit",
  "Elif",
  "Farid",
  "Grace",
  "Hugo",
  "Imani",
  "Jonas",
  "Keiko",
] as const;
const lastNames = ["Abebe", "Brandt", "Costa", "Diaz", "Evans", "Fofana", "Garcia", "Haddad", "Ito", "Jansen"] as const;
type Model = { vehicle_class: string; make: string; model: string; capacity: number };

const models: readonly [Model, ...Model[]] = [
  { vehicle_class: "standard", make: "Toyota", model: "Camry", capacity: 4 },
  { vehicle_class: "standard", make: "Nissan", model: "Altima", capacity: 4 },
  { vehicle_class: "green", make: "Toyota", model: "Prius", capacity: 4 },
  { vehicle_class: "green", make: "Tesla", model: "Model 3", capacity: 4 },
  { vehicle_class: "xl", make: "Toyota", model: "Sienna", capacity: 6 },
];

/** The city's outline as an event. */
export function cityEvent(city: City, timeMs: number, idOf: IdOf): KeyedEvent {
  return makeEvent({
    side: "office",
    type: "city",
    id: idOf("city", city.cityId),
    timeMs,
    key: city.cityId,
    data: {
      city_id: city.cityId,
      name: city.name,
      country: city.country,
      currency: city.currency,
      timezone: city.timezone,
      boundary: city.boundary,
    },
  });
}

/** A driver's profile and the vehicle's. Everything in them follows from `number`; the people are made up. */
export function profileEvents(p: {
  readonly number: number;
  readonly driverId: string;
  readonly vehicleId: string;
  readonly homeCityId: string;
  readonly timeMs: number;
  readonly idOf: IdOf;
}): readonly KeyedEvent[] {
  const random = createRandom(p.number, 0x70726f66);
  const name = `${pick(random, firstNames)} ${pick(random, lastNames)}`;
  const rating = Math.round((4.2 + random() * 0.8) * 100) / 100;
  const vehicle = pick(random, models);
  const plate = `T${String(100_000 + ((p.number * 7_919) % 900_000))}C`;
  return [
    makeEvent({
      side: "office",
      type: "vehicle.profile",
      id: p.idOf("vehicle.profile", p.vehicleId),
      timeMs: p.timeMs,
      key: p.vehicleId,
      data: { vehicle_id: p.vehicleId, ...vehicle, plate },
    }),
    makeEvent({
      side: "office",
      type: "driver.profile",
      id: p.idOf("driver.profile", p.driverId),
      timeMs: p.timeMs,
      key: p.driverId,
      data: {
        driver_id: p.driverId,
        name,
        rating,
        vehicle_id: p.vehicleId,
        home_city_id: p.homeCityId,
        active: true,
      },
    }),
  ];
}
