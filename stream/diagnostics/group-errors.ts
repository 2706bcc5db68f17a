import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import { type Counted, isCounted, withPlace } from "../state/counted.ts";
import type { RememberingStep } from "../state/remembering-step.ts";
import type { AppActivity } from "./activity.ts";

export type GroupRules = {
  /** How long changes of a group are collected before it is told again, by event time. */
  readonly settleMs: number;
  /** How long a group is remembered behind its last error; one that returns later begins anew. */
  readonly keepMs: number;
};

/** What is known of the errors of one group and version. */
export type ErrorGroup = {
  readonly fingerprint: string;
  readonly app: string;
  readonly version: string;
  readonly errorType: string;
  readonly topFrames: readonly string[];
  readonly count: number;
  readonly fatalCount: number;
  readonly first: { readonly id: string; readonly timeMs: number };
  readonly last: { readonly id: string; readonly timeMs: number };
  readonly receivedAt: number;
};

/** A group as it is told. */
export type ToldGroup = ErrorGroup & {
  /** 1 when it is told first, one more each time. */
  readonly revision: number;
};

type GroupMemory = {
  readonly group: ErrorGroup;
  readonly revision: number;
  readonly counted: Counted;
  /** When it is to be told; null when nothing has changed since it was. */
  readonly dueMs: number | null;
};

/**
 * Counts the errors of each fingerprint and version. What a group comes to depends on its events alone, neither on their order nor on repetitions.
 * Only errors may come in.
 */
export function groupErrors(rules: GroupRules): RememberingStep<AppActivity, GroupMemory, ToldGroup> {
  return {
    keyOf: ({ error, version }) => `${error?.fingerprint}/${version}`,
    timeOf: ({ timeMs }) => timeMs,

    take(known, activity, { watermark }) {
      if (known !== undefined && isCounted(known.counted, activity.place))
        return { state: known, wakeMs: wakeOf(known), emit: [] };
      const state: GroupMemory = {
        group: withError(known?.group, activity),
        revision: known?.revision ?? 0,
        counted: withPlace(known?.counted, activity.place),
        dueMs: known?.dueMs ?? Math.max(watermark, activity.timeMs) + rules.settleMs,
      };
      return { state, wakeMs: wakeOf(state), emit: [] };
    },

    wake(state, { watermark }) {
      if (state.dueMs === null) return { state: undefined, emit: [] };
      const revision = state.revision + 1;
      const told = { ...state, revision, dueMs: null };
      return { state: told, wakeMs: Math.max(wakeOf(told), watermark + 1), emit: [{ ...state.group, revision }] };
    },
  };

  function wakeOf({ group, dueMs }: GroupMemory): number {
    return dueMs ?? group.last.timeMs + rules.keepMs;
  }
}

function withError(group: ErrorGroup | undefined, activity: AppActivity): ErrorGroup {
  const { id, timeMs, receivedAt, app, version, error } = activity;
  if (error === undefined) throw new TypeError("only errors are grouped");
  const { fingerprint, errorType, topFrames, fatal } = error;
  const seen = { id, timeMs };
  const before = group ?? { count: 0, fatalCount: 0, first: seen, last: seen, receivedAt };
  return {
    ...{ fingerprint, app, version, errorType, topFrames },
    count: before.count + 1,
    fatalCount: before.fatalCount + (fatal ? 1 : 0),
    first: isBefore(seen, before.first) ? seen : before.first,
    last: isBefore(before.last, seen) ? seen : before.last,
    receivedAt: Math.max(before.receivedAt, receivedAt),
  };
}

function isBefore(a: ErrorGroup["first"], b: ErrorGroup["first"]): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.id < b.id);
}

/** Namespace of the ids of error groups (RFC 9562, 5.5); another value would make other ids of the same groups. */
const namespace = "0b1de0a4-4c55-5a0e-8a35-7a1c3f1f6f0e";

/** Bytes and headers of what is known of a group; the id is made of its content. */
export function writeErrorGroup(schemas: Pick<Schemas, "encode">): (group: ToldGroup) => OutboxRecord {
  return ({
    revision,
    fingerprint,
    app,
    version,
    errorType,
    topFrames,
    count,
    fatalCount,
    first,
    last,
    receivedAt,
  }) => {
    const key = `${fingerprint}/${version}`;
    const data = {
      ...{
        group_key: key,
        revision,
        fingerprint,
        app,
        app_version: version,
        error_type: errorType,
        top_frames: topFrames,
      },
      ...{ count, fatal_count: fatalCount, first_seen: first.timeMs, last_seen: last.timeMs },
      ...{ first_event_id: first.id, last_event_id: last.id },
    };
    const envelope = {
      id: uuidv5(JSON.stringify(data), namespace),
      ...{ type: "app.error_group", source: "/hailstream/diagnostics", subject: key, receivedAt },
      time: new Date(last.timeMs).toISOString(),
    };
    const value = schemas.encode("app.error_group", data);
    return { topic: "app-error-groups", key, value, headers: envelopeHeaders(envelope) };
  };
}
