import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import { readEvent } from "../event.ts";
import type { Reader } from "../flow.ts";
import type { Place } from "../state/counted.ts";
import { readThrough } from "../state/remembering-flow.ts";
import { forward } from "../step.ts";

/** A use of an app or an error in it. */
export type AppActivity = {
  /** Of the event that shows it. */
  readonly id: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly app: string;
  readonly version: string;
  /** Where the event was read. */
  readonly place: Place;
  readonly eventType: string;
  readonly error?: {
    readonly fingerprint: string;
    readonly errorType: string;
    readonly topFrames: readonly string[];
    readonly fatal: boolean;
  };
};

/** Bytes and headers of an activity: id and time are the event's, so that its table can be joined with that of the event. */
export function writeActivity(schemas: Pick<Schemas, "encode">): (activity: AppActivity) => OutboxRecord {
  return ({ id, timeMs, receivedAt, app, version, place, eventType, error }) => {
    const data = {
      ...{ app, app_version: version, kind: error === undefined ? "use" : "error", event_type: eventType },
      ...{ fingerprint: error?.fingerprint ?? null, error_type: error?.errorType ?? null },
      ...{ top_frames: error?.topFrames ?? [], fatal: error?.fatal ?? false },
      ...{ read_from: place.readFrom, read_offset: place.readOffset },
    };
    const time = new Date(timeMs).toISOString();
    const envelope = { id, type: "app.activity", source: "/hailstream/diagnostics", time, subject: app, receivedAt };
    const value = schemas.encode("app.activity", data);
    return { topic: "app-activity", key: app, value, headers: envelopeHeaders(envelope) };
  };
}

/** Decodes an activity. */
export function readActivity(schemas: Pick<Schemas, "decode">): Reader<AppActivity> {
  return readThrough(readEvent(schemas), function readActivity({ envelope: { id, receivedAt }, timeMs, value }) {
    const error = {
      fingerprint: String(value.fingerprint),
      errorType: String(value.error_type),
      topFrames: value.top_frames as readonly string[],
      fatal: value.fatal === true,
    };
    return forward({
      ...{ id, timeMs, receivedAt, app: String(value.app), version: String(value.app_version) },
      place: { readFrom: String(value.read_from), readOffset: Number(value.read_offset) },
      eventType: String(value.event_type),
      ...(value.kind === "error" ? { error } : {}),
    });
  });
}
