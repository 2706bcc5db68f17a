import { releasesOf } from "../../schemas/index.ts";
import type { AppEvent } from "../event.ts";
import { between, createRandom, pick, type Random } from "../random.ts";

/** How often each thing goes wrong, as shares from 0 to 1. */
export type Faults = {
  /** Of the time, that each phone has no network. */
  readonly offlineShare: number;
  /** Of the phones: their clock is wrong by up to six hours. */
  readonly wrongClockShare: number;
  /** Of the phones: their app is an old one, which knows the first schemas only. */
  readonly oldVersionShare: number;
  /** Of the answers: the phone never hears them, and so sends what the server has already. */
  readonly lostAnswerShare: number;
  /** Of the events: what no schema allows. */
  readonly badShare: number;
};

/** What is wrong with a phone for as long as there is one; it follows from the seed and the phone's name. */
export type Character = {
  /** What its clock is ahead, ms. */
  readonly clockMs: number;
  readonly old: boolean;
  /** For all else that chance decides on it. */
  readonly random: Random;
};

const maxClockMs = 6 * 3_600_000;

export function characterOf(name: string, seed: number, faults: Faults): Character {
  const random = createRandom(seed, 0x70686f6e, hashOf(name));
  const wrong = random() < faults.wrongClockShare;
  const clockMs = Math.round(between(random, 60_000, maxClockMs) * (random() < 0.5 ? -1 : 1));
  const old = random() < faults.oldVersionShare;
  return { clockMs: wrong ? clockMs : 0, old, random };
}

/** The event as an app of an old version posts it: under its version, and without what the first schema did not know. */
export function asOldVersion(event: AppEvent, source: string): { readonly source: string; readonly data: object } {
  const known = firstFieldsOf(event.type);
  const data = Object.entries(event.data).filter(([field]) => known?.has(field) ?? true);
  const version = data.map(([field, value]) => [field, field === "app_version" ? oldVersion : value]);
  return { source: oldSource(source), data: Object.fromEntries(version) };
}

const oldVersion = "5.0.0";

/** `/apps/driver/android/7.4.0` of an old app. */
export function oldSource(source: string): string {
  return source.replace(/[^/]+$/, oldVersion);
}

const firstFields = new Map<string, ReadonlySet<string> | undefined>();

function firstFieldsOf(type: string): ReadonlySet<string> | undefined {
  if (!firstFields.has(type)) {
    const fields = releasesOf(type)
      .at(0)
      ?.schema.fields.map(({ name }) => name);
    firstFields.set(type, fields === undefined ? undefined : new Set(fields));
  }
  return firstFields.get(type);
}

/** The event with one thing in it that no schema allows: an app with a bug. */
export function spoil(event: AppEvent, random: Random): { readonly type: string; readonly data: object } {
  const { type, data } = event;
  switch (pick(random, ["type", "undeclared", "wrong", "missing"])) {
    case "type":
      return { type: `${type}d`, data };
    case "undeclared":
      return { type, data: { ...data, debug_flag: true } };
    case "wrong":
      return { type, data: { ...data, [keyOf(event)]: 7 } };
    default:
      return { type, data: Object.fromEntries(Object.entries(data).filter(([field]) => field !== keyOf(event))) };
  }
}

/** The field that no event may lack: the one that says whose it is. */
function keyOf({ data, subject }: AppEvent): string {
  return Object.keys(data).find((field) => data[field] === subject) ?? "";
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
