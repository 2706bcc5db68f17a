import type { Schemas } from "../schemas/index.ts";
import { cityFinder, raiseSos } from "./alerts/raise-sos.ts";
import { readEvent, writeAlert } from "./alerts/read-write.ts";
import { type Flow, flow } from "./flow.ts";
import type { Reference } from "./reference/reference.ts";
import { joinDriver } from "./steps/join-driver.ts";
import { joinVehicle } from "./steps/join-vehicle.ts";
import { locateCell } from "./steps/locate-cell.ts";
import { locateCity } from "./steps/locate-city.ts";
import { readPosition } from "./steps/read-position.ts";
import { writeEnriched } from "./steps/write-enriched.ts";

/** Every way through the stream processor: from a topic through steps to a topic. */
export function createTopology(schemas: Schemas, reference: Reference): readonly Flow[] {
  return [
    flow("enrich-driver-locations")
      .from("driver-locations", readPosition(schemas))
      .through(joinDriver(reference.drivers))
      .through(joinVehicle(reference.vehicles))
      .through(locateCell())
      .through(locateCity(reference.cities))
      .to(["driver-locations-enriched"], writeEnriched(schemas)),

    flow("enrich-trip-events")
      .from("trip-events", readPosition(schemas))
      .through(joinDriver(reference.drivers))
      .through(joinVehicle(reference.vehicles))
      .through(locateCell())
      .through(locateCity(reference.cities))
      .to(["trip-events-enriched"], writeEnriched(schemas)),

    flow("raise-alerts")
      .from("safety", readEvent(schemas))
      .through(raiseSos(cityFinder(reference.cities)))
      .to(["alerts"], writeAlert(schemas)),
  ];
}
