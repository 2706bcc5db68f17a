import type { Schemas } from "../../schemas/index.ts";
import { readAnnounced } from "../state/announcement.ts";
import { type RememberingFlow, readThrough, rememberingFlow } from "../state/remembering-flow.ts";
import { readTripSignal } from "../trips/trip-event.ts";
import { windowedFlow } from "../windows/windowed-flow.ts";
import { cellTopic, membersOfCell, readCells, writeCells } from "./count-cells.ts";
import { cellsOfCity, minutesOf } from "./count-city.ts";
import { readSignal, signalTopic, writeSignal } from "./signal.ts";
import { lastSighting, openDriver, readSighting } from "./watch-driver.ts";
import { type TripWatchRules, tripEvent, watchTrip } from "./watch-trip.ts";
import { minuteTopic, writeMinute } from "./write-minute.ts";

export type MarketplaceRules = TripWatchRules & { readonly latenessMs: number; readonly capMs: number };

const minute = { sizeMs: 60_000, allowedLatenessMs: 0 };
/** How much earlier than the cities the cells are closed by the cap, so that what they then tell arrives in time. */
const headStartMs = 10_000;

/**
 * The marketplace by minutes. Drivers and trips are watched each under its own key; what counts is counted by coarse cell, and the
 * counts by city, where neighbours meet. Each stage tells the next how far event time has come.
 */
export function marketplaceFlows(schemas: Schemas, rules: MarketplaceRules): readonly RememberingFlow[] {
  const { latenessMs, capMs } = rules;
  return [
    windowedFlow({
      name: "watch-drivers",
      source: "driver-locations-enriched",
      read: readSighting(schemas),
      windows: minute,
      aggregate: lastSighting,
      latenessMs,
      results: openDriver,
      write: writeSignal,
      outputs: [signalTopic],
      announcesTo: signalTopic,
    }),
    rememberingFlow({
      name: "watch-trips",
      source: "trip-events-enriched",
      read: readThrough(readTripSignal(schemas), tripEvent),
      step: watchTrip(rules),
      latenessMs,
      write: writeSignal,
      outputs: [signalTopic],
      announcesTo: signalTopic,
    }),
    windowedFlow({
      name: "count-cells",
      source: signalTopic,
      fedBy: ["watch-drivers", "watch-trips"],
      read: readAnnounced(readSignal),
      windows: minute,
      aggregate: membersOfCell,
      latenessMs: 0,
      capMs: capMs - Math.min(headStartMs, capMs / 2),
      write: writeCells("count-cells"),
      outputs: [cellTopic],
      announcesTo: cellTopic,
    }),
    windowedFlow({
      name: "count-cities",
      source: cellTopic,
      fedBy: ["count-cells"],
      read: readAnnounced(readCells),
      windows: minute,
      aggregate: cellsOfCity,
      latenessMs: 0,
      capMs,
      results: minutesOf,
      write: writeMinute(schemas, "count-cities", minute.sizeMs),
      outputs: [minuteTopic],
    }),
  ];
}
