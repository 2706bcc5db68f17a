import { type Counted, isCounted, withPlace } from "../state/counted.ts";
import type { RememberingStep } from "../state/remembering-step.ts";
import type { AppActivity } from "./activity.ts";
import { type Counts, compareRate, type RateComparison } from "./compare-rate.ts";

/** One version of an app in one minute. */
export type VersionMinute = {
  readonly app: string;
  readonly version: string;
  readonly minuteMs: number;
  readonly counts: Counts;
  readonly comparison: RateComparison;
  /** 1 when the minute is told first, one more each time that later activities changed it. */
  readonly revision: number;
  readonly receivedAt: number;
};

/** What was told of one version's minute: how often, and what at last. */
type Told = readonly [revision: number, content: string];

type AppMemory = {
  readonly app: string;
  /** By the start of the minute and the version. */
  readonly minutes: Readonly<Record<string, Readonly<Record<string, Counts>>>>;
  /** The same for what was told. */
  readonly told: Readonly<Record<string, Readonly<Record<string, Told>>>>;
  readonly counted: Counted;
  /** The end of the last minute that was told. */
  readonly toldMs: number | null;
  /** The earliest minute that was told and has changed since, and when it is looked at. */
  readonly changed: { readonly from: number; readonly dueMs: number } | null;
  readonly receivedAt: number;
};

const minute = 60_000;
/** The minutes that a rate is made of, and those that it is compared with. */
const recentMinutes = 5;
const baselineMinutes = 60;
/** How far back a minute is told again when activities come late: the sources of the topic are not read at the same pace. */
const revisedMinutes = 60;
const keptMinutes = revisedMinutes + recentMinutes + baselineMinutes;
/** More versions of an app in a minute than a company has; beyond it someone makes versions up. */
const maxVersions = 200;
const otherVersions = "other";
const none: Counts = [0, 0, 0];

/**
 * Tells for each minute how each version of an app did that was used or failed in it, when the minute is over by the watermark; and again when
 * activities that come later change it. One memory an app, since a version is compared with the others.
 */
export function rateVersions(): RememberingStep<AppActivity, AppMemory, VersionMinute> {
  return {
    keyOf: ({ app }) => app,
    timeOf: ({ timeMs }) => timeMs,

    take(known, activity, { watermark }) {
      const { app, timeMs, receivedAt } = activity;
      if (known !== undefined && isCounted(known.counted, activity.place))
        return { state: known, wakeMs: wakeOf(known), emit: [] };
      const counted = withPlace(known?.counted, activity.place);
      const before: AppMemory = {
        ...(known ?? { app, minutes: {}, told: {}, toldMs: null, changed: null, receivedAt }),
        counted,
      };
      const { toldMs, changed } = before;
      const start = Math.floor(timeMs / minute) * minute;
      if (toldMs !== null && start < toldMs - revisedMinutes * minute)
        return { state: before, wakeMs: wakeOf(before), emit: [] };
      const state: AppMemory = {
        ...before,
        minutes: { ...before.minutes, [start]: withActivity(before.minutes[start] ?? {}, activity) },
        changed:
          toldMs === null || start >= toldMs
            ? changed
            : { from: Math.min(start, changed?.from ?? start), dueMs: changed?.dueMs ?? watermark + minute },
        receivedAt: Math.max(before.receivedAt, receivedAt),
      };
      return { state, wakeMs: wakeOf(state), emit: [] };
    },

    wake(before, { watermark }) {
      const first = Math.min(before.changed?.from ?? Infinity, untold(before)[0] ?? Infinity);
      const over = Object.keys(before.minutes)
        .map(Number)
        .filter((start) => start >= first && start + minute <= watermark)
        .sort((a, b) => a - b);
      const emit: VersionMinute[] = [];
      const told = { ...before.told };
      for (const start of over) {
        const { [start]: known = {} } = told;
        const news = tell(before, start, known);
        emit.push(...news);
        told[start] = {
          ...known,
          ...Object.fromEntries(news.map((one) => [one.version, [one.revision, contentOf(one)] as const])),
        };
      }
      const last = over.at(-1);
      const toldMs = last === undefined ? before.toldMs : Math.max(before.toldMs ?? 0, last + minute);
      const state: AppMemory = {
        ...before,
        ...{ toldMs, changed: null },
        minutes: since(before.minutes, toldMs, keptMinutes),
        told: since(told, toldMs, revisedMinutes),
      };
      return { state, wakeMs: wakeOf(state), emit };
    },
  };
}

/** Minutes that were not told, the earliest first. */
function untold({ minutes, toldMs }: AppMemory): readonly number[] {
  return Object.keys(minutes)
    .map(Number)
    .filter((start) => toldMs === null || start >= toldMs)
    .sort((a, b) => a - b);
}

/** An app is never forgotten: there are but a few. */
function wakeOf(memory: AppMemory): number | undefined {
  const [first] = untold(memory);
  const due = Math.min(first === undefined ? Infinity : first + minute, memory.changed?.dueMs ?? Infinity);
  return due === Infinity ? undefined : due;
}

function since<T>(minutes: Readonly<Record<string, T>>, toldMs: number | null, count: number) {
  return Object.fromEntries(
    Object.entries(minutes).filter(([start]) => Number(start) >= (toldMs ?? 0) - count * minute),
  );
}

function withActivity(versions: Readonly<Record<string, Counts>>, { version, error }: AppActivity) {
  const isRoom = Object.hasOwn(versions, version) || Object.keys(versions).length < maxVersions;
  const name = isRoom ? version : otherVersions;
  const [uses, errors, fatal] = Object.hasOwn(versions, name) ? (versions[name] as Counts) : none;
  const counts: Counts =
    error === undefined ? [uses + 1, errors, fatal] : [uses, errors + 1, fatal + (error.fatal ? 1 : 0)];
  return { ...versions, [name]: counts };
}

/** What is new of a minute. */
function tell(
  { app, minutes, receivedAt }: AppMemory,
  start: number,
  known: Readonly<Record<string, Told>>,
): VersionMinute[] {
  const end = start + minute;
  const recentFrom = end - recentMinutes * minute;
  /** Of the versions that are meant, over some minutes. */
  const sum = (from: number, to: number, of: (version: string) => boolean): Counts =>
    Object.entries(minutes)
      .filter(([at]) => Number(at) >= from && Number(at) < to)
      .flatMap(([, versions]) => Object.entries(versions).filter(([version]) => of(version)))
      .reduce<Counts>(([a, b, c], [, [x, y, z]]) => [a + x, b + y, c + z], none);
  return Object.entries(minutes[start] ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([version, counts]) => {
      const is = (one: string) => one === version;
      const comparison = compareRate({
        recent: sum(recentFrom, end, is),
        others: sum(end - baselineMinutes * minute, end, (one) => !is(one)),
        ownPast: sum(recentFrom - baselineMinutes * minute, recentFrom, is),
      });
      const revision = (Object.hasOwn(known, version) ? (known[version] as Told)[0] : 0) + 1;
      return { app, version, minuteMs: start, counts, comparison, revision, receivedAt };
    })
    .filter((one) => !Object.hasOwn(known, one.version) || (known[one.version] as Told)[1] !== contentOf(one));
}

function contentOf({ counts, comparison }: VersionMinute): string {
  return [...counts, ...Object.values(comparison)].join(" ");
}
