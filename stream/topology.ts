import type { Schemas } from "../schemas/index.ts";
import { alertKeepingFlow, matchingFlows } from "./alerts/alert-flows.ts";
import { noRules, type Rules } from "./alerts/rules.ts";
import { noSilences, type Silences } from "./alerts/silences.ts";
import { type DiagnosticsRules, diagnosticsFlows } from "./diagnostics/flows.ts";
import { type DriverRules, driverFlows, gatheringFlows } from "./drivers/flows.ts";
import { type Flow, flow } from "./flow.ts";
import { type MarketplaceRules, marketplaceFlows } from "./marketplace/marketplace-flows.ts";
import type { Reference } from "./reference/reference.ts";
import { readWaiting } from "./revise/read-waiting.ts";
import { type RevisionRules, reviseEnrichment } from "./revise/revise-enrichment.ts";
import { type RememberingFlow, rememberingFlow } from "./state/remembering-flow.ts";
import { joinDriver } from "./steps/join-driver.ts";
import { joinVehicle } from "./steps/join-vehicle.ts";
import { locateCell } from "./steps/locate-cell.ts";
import { locateCity } from "./steps/locate-city.ts";
import { readPosition } from "./steps/read-position.ts";
import { waitingTopic, writeEnriched } from "./steps/write-enriched.ts";
import { foldTrip, type TripRules } from "./trips/fold-trip.ts";
import { gatherEvent, gatherPosition, readAsItIs, readTripOfPosition } from "./trips/gather-signals.ts";
import { readTripSignal } from "./trips/trip-event.ts";
import { writeTrip } from "./trips/write-trip.ts";

/** Every way through the stream processor: from a topic through steps to a topic. */
export function createTopology(schemas: Schemas, reference: Reference, alertRules: Rules = noRules): readonly Flow[] {
  return [
    flow("enrich-driver-locations")
      .from("driver-locations", readPosition(schemas))
      .through(joinDriver(reference.drivers))
      .through(joinVehicle(reference.vehicles))
      .through(locateCell())
      .through(locateCity(reference.cities))
      .to(["driver-locations-enriched", waitingTopic], writeEnriched(schemas)),

    flow("enrich-trip-events")
      .from("trip-events", readPosition(schemas))
      .through(joinDriver(reference.drivers))
      .through(joinVehicle(reference.vehicles))
      .through(locateCell())
      .through(locateCity(reference.cities))
      .to(["trip-events-enriched", waitingTopic], writeEnriched(schemas)),

    // What concerns a trip, in one topic by trip: its events, and the positions on it, which lie by driver.
    flow("gather-trip-events").from("trip-events-enriched", readAsItIs()).to(["trip-signals"], gatherEvent()),

    flow("gather-trip-positions")
      .from("driver-locations-enriched", readTripOfPosition(schemas))
      .to(["trip-signals"], gatherPosition()),

    ...gatheringFlows(),

    ...matchingFlows(schemas, alertRules),
  ];
}

/** What the processors with memory are told by options. */
export type ProcessorRules = RevisionRules &
  DriverRules &
  MarketplaceRules &
  DiagnosticsRules & { readonly trips: TripRules };

/** Time in this flow is that of arrival, so it goes on by the clock as soon as nothing arrives. */
export const reviseFlow = "revise-enrichment";

/** Every processor with memory: what it reads, what it remembers, where its results go. */
export function createRememberingTopology(
  schemas: Schemas,
  reference: Reference,
  rules: ProcessorRules,
  alerts: { readonly rules: Rules; readonly silences: Silences } = { rules: noRules, silences: noSilences },
): readonly RememberingFlow[] {
  return [
    ...(alerts.rules.all.length === 0 ? [] : [alertKeepingFlow(schemas, alerts.rules, alerts.silences)]),
    rememberingFlow({
      name: "fold-trips",
      source: "trip-signals",
      read: readTripSignal(schemas),
      step: foldTrip(rules.trips),
      latenessMs: rules.latenessMs,
      write: writeTrip(schemas),
      outputs: ["trips"],
    }),
    rememberingFlow({
      name: reviseFlow,
      source: waitingTopic,
      read: readWaiting,
      step: reviseEnrichment(schemas, reference, rules),
      // Records are in the order of their arrival, which is time to this flow.
      latenessMs: 0,
      write: (revision) => revision,
      outputs: ["driver-locations-enriched", "trip-events-enriched"],
    }),
    ...driverFlows(schemas, rules),
    ...diagnosticsFlows(schemas, rules),
    ...marketplaceFlows(schemas, rules),
  ];
}
