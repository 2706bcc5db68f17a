import { latLngToCell } from "h3-js";
import type { DecodedEvent } from "../event.ts";
import type { Cities } from "../reference/cities.ts";
import { drop, forward, type Step } from "../step.ts";
import { cellResolution } from "../steps/locate-cell.ts";
import { type AlertEvent, alertOf } from "./alert.ts";

/** The id of the city that a position lies in; undefined outside of all. */
export type CityAt = (latitude: number, longitude: number) => string | undefined;

/** The city of a position, which must be on earth. */
export function cityFinder(cities: Pick<Cities, "at">): CityAt {
  return (latitude, longitude) => cities.at(latitude, longitude, latLngToCell(latitude, longitude, cellResolution));
}

/**
 * Every `safety.sos` is a critical alert. Presses that belong to one call for help (the same `sos_id`) share the alert's key. What the
 * person typed is left out: it goes to receivers outside of the house only by way of the event.
 */
export function raiseSos(cityAt: CityAt = () => undefined): Step<Pick<DecodedEvent, "envelope" | "value">, AlertEvent> {
  return function raiseSos({ envelope, value }) {
    if (envelope.type !== "safety.sos") return drop("other event type");
    const role = String(value.reported_by);
    const trip = textOrUndefined(value.trip_id);
    const latitude = numberOrNull(value.latitude);
    const longitude = numberOrNull(value.longitude);
    const city = latitude === null || longitude === null ? undefined : cityAt(latitude, longitude);
    const labels = {
      sos_id: String(value.sos_id),
      person_id: String(value.person_id),
      reported_by: role,
      ...(trip === undefined ? {} : { trip_id: trip }),
      ...(city === undefined ? {} : { city }),
    };
    const place =
      latitude === null || longitude === null
        ? "at an unknown place"
        : `at ${latitude.toFixed(5)}, ${longitude.toFixed(5)}${city === undefined ? "" : ` (${city})`}`;
    const during = trip === undefined ? "outside a trip" : `on trip ${trip}`;
    return forward(
      alertOf(envelope, {
        rule: "safety-sos",
        about: String(value.sos_id),
        severity: "critical",
        status: "firing",
        summary: `The ${role} ${value.person_id} pressed the emergency button ${during}, ${place}.`,
        labels,
        latitude,
        longitude,
      }),
    );
  };
}

function textOrUndefined(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
