import type { Schemas } from "../../schemas/index.ts";
import { type Flow, flow } from "../flow.ts";
import { type RememberingFlow, rememberingFlow } from "../state/remembering-flow.ts";
import { foldHours, type HourRules } from "./fold-hours.ts";
import { activityTopic, gatherActivity, readAsIs } from "./gather.ts";
import { readActivity } from "./read-activity.ts";
import { readFix } from "./read-fix.ts";
import { type TrackRules, trackDriver } from "./track-driver.ts";
import { writeHour } from "./write-hour.ts";
import { writeTracked } from "./write-tracked.ts";

export type DriverRules = {
  /** How far events of a partition may lie out of order, in ms, without being late. */
  readonly latenessMs: number;
  readonly drivers: TrackRules & HourRules;
};

/** Bring what is said of drivers into one topic, byte for byte. */
export function gatheringFlows(): readonly Flow[] {
  return [
    flow("gather-driver-status").from("driver-status", readAsIs).to([activityTopic], gatherActivity),
    flow("gather-driver-locations").from("driver-locations-enriched", readAsIs).to([activityTopic], gatherActivity),
  ];
}

/** Follow every driver: last positions and jumps, and what each did in each hour. */
export function driverFlows(schemas: Schemas, { drivers, latenessMs }: DriverRules): readonly RememberingFlow[] {
  return [
    rememberingFlow({
      name: "track-drivers",
      source: "driver-locations-enriched",
      read: readFix(schemas),
      step: trackDriver(drivers),
      latenessMs,
      write: writeTracked(schemas),
      outputs: ["driver-positions", "driver-jumps"],
    }),
    rememberingFlow({
      name: "fold-driver-hours",
      source: activityTopic,
      read: readActivity(schemas),
      step: foldHours(drivers),
      latenessMs,
      // Without positions nobody is heard of; then the clock says how late it is.
      maxStallMs: latenessMs + drivers.silenceMs,
      write: writeHour(schemas),
      outputs: ["driver-hours"],
    }),
  ];
}
