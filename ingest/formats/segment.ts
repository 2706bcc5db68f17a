import { PipelineError } from "../../runtime/index.ts";
import type { Catalogue, Violation } from "../../schemas/index.ts";
import type { Items } from "./items.ts";
import { hasEscapes, parseJson } from "./parse-json.ts";

/** The paths of Segment's HTTP API, and the call that each is for; the short ones are those of the clients for phones. */
export const segmentPaths: ReadonlyMap<string, SegmentCall | "batch"> = new Map(
  (["batch", "track", "identify", "page", "screen", "group", "alias"] as const).flatMap((call) => [
    [`/v1/${call}`, call],
    [`/v1/${call.slice(0, 1)}`, call],
  ]),
);

export type SegmentCall = "track" | "identify" | "page" | "screen" | "group" | "alias";

type Fields = Readonly<Record<string, unknown>>;

/** A body of Segment's API, with what concerns the request as a whole. */
export type SegmentBody = {
  readonly fields: Fields;
  readonly escapes: boolean;
  /** By the client's clock, when it says so. */
  readonly sentAt: string | undefined;
  /** The key, of clients that do not send it in a header. */
  readonly writeKey: string | undefined;
};

/**
 * @param maxItems as {@link parseJson} has it
 * @throws PipelineError request_body_empty, request_too_many_items, request_utf8_invalid, request_json_invalid, request_shape_invalid
 */
export function readSegmentBody(body: Buffer, maxItems: number): SegmentBody {
  const parsed = parseJson(body, maxItems);
  if (!isObject(parsed)) {
    throw new PipelineError("request_shape_invalid", { fields: { expected: "an object", got: typeof parsed } });
  }
  const { sentAt, writeKey } = parsed;
  return {
    fields: parsed,
    escapes: hasEscapes(body),
    sentAt: typeof sentAt === "string" ? sentAt : undefined,
    writeKey: typeof writeKey === "string" ? writeKey : undefined,
  };
}

/**
 * The calls of a body as CloudEvents, which are then judged like any other: a `track` of the event type that its `event` names, any
 * other call of the type `segment.identify`, `segment.page` and so on, which exists only where a schema was made for it.
 * @throws PipelineError request_shape_invalid, request_too_many_events
 */
export function segmentItems(
  body: SegmentBody,
  path: SegmentCall | "batch",
  typeNames: ReadonlyMap<string, string>,
  maxEvents: number,
): Items {
  const calls = path === "batch" ? body.fields.batch : [body.fields];
  if (!Array.isArray(calls)) {
    throw new PipelineError("request_shape_invalid", { fields: { expected: 'an array "batch"', got: typeof calls } });
  }
  if (calls.length > maxEvents) {
    throw new PipelineError("request_too_many_events", { fields: { events: calls.length, limit: maxEvents } });
  }
  const shared = path === "batch" ? body.fields.context : undefined;
  const values = calls.map((call: unknown) =>
    isObject(call) ? eventOf(call, path === "batch" ? call.type : path, shared, typeNames) : call,
  );
  return {
    values,
    escapes: body.escapes,
    bytesOf: (index) => Buffer.from(JSON.stringify(values[index]) ?? ""),
  };
}

/**
 * What a team may call the types of its events in Segment: "Trip Driver Arrived", "trip_driver_arrived" and "TripDriverArrived" all
 * are trip.driver_arrived. A spelling that two types share names neither.
 */
export function typeNamesOf({ types }: Catalogue): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const shared = new Set<string>();
  for (const name of types.keys()) {
    const spelling = plainSpelling(name);
    if (names.has(spelling)) shared.add(spelling);
    names.set(spelling, name);
  }
  for (const spelling of shared) names.delete(spelling);
  return names;
}

/** A violation with the pointer into the call that the client sent, instead of the event that was made of it. */
export function inSegmentsWords(violation: Violation, isTrack: boolean): Violation {
  const [, first = "", ...rest] = violation.pointer.split("/");
  const place = isTrack ? trackPlaces[first] : places[first];
  return place === undefined ? violation : { ...violation, pointer: ["", ...place, ...rest].join("/") };
}

const places: Readonly<Record<string, readonly string[]>> = {
  id: ["messageId"],
  time: ["timestamp"],
  subject: ["userId"],
  source: ["context", "library"],
  data: [],
};
const trackPlaces: Readonly<Record<string, readonly string[]>> = { ...places, type: ["event"], data: ["properties"] };

function eventOf(call: Fields, kind: unknown, shared: unknown, typeNames: ReadonlyMap<string, string>): Fields {
  const event: Record<string, unknown> = {
    specversion: "1.0",
    id: call.messageId,
    type: kind === "track" ? typeOf(call.event, typeNames) : typeof kind === "string" ? `segment.${kind}` : kind,
    source: sourceOf(call.context) ?? sourceOf(shared) ?? "/segment",
    // Not sentAt, which is another at each attempt: an event must stay the same when it is sent again.
    time: call.timestamp ?? call.originalTimestamp,
    data: kind === "track" ? (call.properties ?? {}) : withoutEnvelope(call),
  };
  const subject = call.userId ?? call.anonymousId;
  if (subject !== undefined && subject !== null) event.subject = subject;
  return event;
}

function typeOf(event: unknown, typeNames: ReadonlyMap<string, string>): unknown {
  return typeof event === "string" && event.length <= 200 ? (typeNames.get(plainSpelling(event)) ?? event) : event;
}

function plainSpelling(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** "/segment/analytics-ios/4.1.0" */
function sourceOf(context: unknown): string | undefined {
  const library = isObject(context) ? context.library : undefined;
  if (!isObject(library) || typeof library.name !== "string") return undefined;
  const { name, version } = library;
  const source = typeof version === "string" ? `/segment/${name}/${version}` : `/segment/${name}`;
  return encodeURI(source.toWellFormed()).slice(0, 500);
}

const envelopeFields = new Set([
  ..."type messageId timestamp originalTimestamp sentAt receivedAt context integrations writeKey channel".split(" "),
  "_metadata",
]);

function withoutEnvelope(call: Fields): Fields {
  return Object.fromEntries(Object.entries(call).filter(([name]) => !envelopeFields.has(name)));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
