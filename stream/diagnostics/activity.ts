import { type Envelope, envelopeHeaders, readEnvelope, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { Origin, Reader } from "../flow.ts";
import { deadLetter, forward, type Verdict } from "../step.ts";

/** A use of an app or an error in it. */
export type AppActivity = {
  /** Of the event that shows it. */
  readonly id: string;
  readonly timeMs: number;
  readonly receivedAt: number;
  readonly app: string;
  readonly version: string;
  /** Topic and partition where the event was read, and its offset there. */
  readonly readFrom: string;
  readonly readOffset: number;
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
  return ({ id, timeMs, receivedAt, app, version, readFrom, readOffset, eventType, error }) => {
    const data = {
      ...{ app, app_version: version, kind: error === undefined ? "use" : "error", event_type: eventType },
      ...{ fingerprint: error?.fingerprint ?? null, error_type: error?.errorType ?? null },
      ...{ top_frames: error?.topFrames ?? [], fatal: error?.fatal ?? false },
      ...{ read_from: readFrom, read_offset: readOffset },
    };
    const time = new Date(timeMs).toISOString();
    const envelope = { id, type: "app.activity", source: "/hailstream/diagnostics", time, subject: app, receivedAt };
    const value = schemas.encode("app.activity", data);
    return { topic: "app-activity", key: app, value, headers: envelopeHeaders(envelope) };
  };
}

/** Decodes an activity. */
export function readActivity(schemas: Pick<Schemas, "decode">): Reader<AppActivity> {
  return readDecoded(schemas, function readActivity({ id, receivedAt }, timeMs, _type, value) {
    const error = {
      fingerprint: String(value.fingerprint),
      errorType: String(value.error_type),
      topFrames: value.top_frames as readonly string[],
      fatal: value.fatal === true,
    };
    return forward({
      ...{ id, timeMs, receivedAt, app: String(value.app), version: String(value.app_version) },
      ...{ readFrom: String(value.read_from), readOffset: Number(value.read_offset) },
      eventType: String(value.event_type),
      ...(value.kind === "error" ? { error } : {}),
    });
  });
}

/** What is decoded of a record, for a verdict about it. */
type Judge<Out> = (
  envelope: Envelope,
  timeMs: number,
  type: string,
  value: Readonly<Record<string, unknown>>,
  place: { readonly readFrom: string; readonly readOffset: number },
) => Verdict<Out>;

/** A reader that decodes envelope and value and leaves the rest to `judge`, whose name it has. */
export function readDecoded<Out>(schemas: Pick<Schemas, "decode">, judge: Judge<Out>): Reader<Out> {
  const read: Reader<Out> = async (record, origin: Origin) => {
    const envelope = readEnvelope(record);
    if (envelope === undefined)
      return deadLetter("stream_envelope_missing", "needs the headers ce_id, ce_type and ce_time");
    const decoded = await schemas.decode(record.value ?? Buffer.alloc(0));
    if (!decoded.ok) return deadLetter(decoded.code, decoded.reason);
    const timeMs = Date.parse(envelope.time);
    if (Number.isNaN(timeMs)) return deadLetter("stream_envelope_missing", `the time cannot be read: ${envelope.time}`);
    const place = { readFrom: `${origin.topic}/${origin.partition}`, readOffset: Number(record.offset) };
    return judge(envelope, timeMs, decoded.type.name, decoded.value, place);
  };
  return Object.defineProperty(read, "name", { value: judge.name });
}

/** Which records of each place of the source were counted: a record that is written again after a crash lies no further than the last. */
export type Counted = Readonly<Record<string, number>>;

/**
 * Whether an activity was counted before. Whoever writes activities writes them in the order of their source and begins again at an earlier place after
 * a crash, never at a later one; so the furthest place that was counted tells a repetition, and no id need be kept.
 */
export function isCounted(counted: Counted | undefined, { readFrom, readOffset }: AppActivity): boolean {
  return readOffset <= (counted?.[readFrom] ?? -1);
}
