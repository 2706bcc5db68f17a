import { createRandom, type Random } from "../../apps/random.ts";

/** The processes of a run. Two of each of ours. */
export const services = [
  ...["ingest-1", "ingest-2", "stream-1", "stream-2"],
  ...["stateful-1", "stateful-2", "sinks-1", "sinks-2"],
] as const;
export const brokers = ["kafka-1", "kafka-2", "kafka-3"] as const;
export const stores = ["postgres", "registry"] as const;
export type Process = (typeof services)[number] | (typeof brokers)[number] | (typeof stores)[number];
export type Target = Process | "apps" | "topics";

/** The front door that keeps events on its disk while Kafka is away. */
export const spoolingDoor = "ingest-2";

type Kind = {
  readonly targets: readonly Target[];
  /** The least and the greatest time that it lasts; none: it is done in a moment. */
  readonly seconds?: readonly [from: number, to: number];
  /** What is to come of it, besides that nothing is lost, twice or out of order. */
  readonly expected: string;
};

const linked = [...brokers, ...stores];

/** Every fault there is. */
export const kinds = {
  "kill -9": {
    targets: [...services, ...brokers, ...stores],
    expected: "its work goes on elsewhere, or when it is back",
  },
  restart: { targets: [...services, ...brokers], expected: "it finishes what it has begun; nothing is done twice" },
  stop: {
    targets: [...services, ...brokers, "postgres"],
    seconds: [3, 12],
    expected: "others take over; when it goes on, what it does late has no effect",
  },
  "broker lost": {
    targets: brokers,
    seconds: [5, 10],
    expected: "the others lead; with two copies of three all goes on",
  },
  "copies shrink": {
    targets: brokers,
    seconds: [8, 12],
    expected: "the broker that stands still leaves the in-sync set",
  },
  "leaders move": { targets: ["topics"], expected: "what was under way is sent to the new leader, once and in order" },
  cut: { targets: linked, seconds: [2, 6], expected: "connected again; what was under way is told or repeated" },
  "half open": { targets: linked, seconds: [3, 10], expected: "a time-out, not a wait for ever" },
  "one way up": { targets: linked, seconds: [3, 8], expected: "a time-out; what comes late is recognised" },
  "one way down": { targets: linked, seconds: [3, 8], expected: "done, not told, and recognised when repeated" },
  delay: { targets: linked, seconds: [3, 8], expected: "slower" },
  throttle: { targets: linked, seconds: [3, 8], expected: "slower; memory stays bounded" },
  "held request": {
    targets: brokers,
    seconds: [6, 10],
    expected: "arrives when it was given up: written once as far as anyone sees",
  },
  "cut before COMMIT": { targets: ["postgres"], expected: "rolled back, and stored by the next try" },
  "cut after COMMIT": { targets: ["postgres"], expected: "the checkpoint says that it is stored" },
  "sessions ended": { targets: ["postgres"], expected: "transactions roll back as a whole, and are tried again" },
  "rebalance storm": {
    targets: ["stream-2", "stateful-2", "sinks-2"],
    seconds: [8, 12],
    expected: "work goes on between the joins; none is done by two",
  },
  poison: { targets: ["topics"], expected: "each is a dead letter with its reason, and those behind it go on" },
  "a hundredfold": { targets: ["topics", "apps"], expected: "one row" },
  "hot key": { targets: ["apps"], seconds: [4, 8], expected: "one partition has half of all; order kept" },
  "clock ahead": {
    targets: services,
    seconds: [5, 12],
    expected:
      "minutes ahead and back again: nothing is given up or forgotten for it, nothing waits until it is made up",
  },
  "clock behind": {
    targets: services,
    seconds: [5, 12],
    expected: "minutes behind and right again: members stay in their groups, nothing waits until it is made up",
  },
  "full disk": {
    targets: [spoolingDoor, ...brokers, "postgres"],
    seconds: [6, 10],
    expected: "what cannot be kept is refused and comes again; when there is room it goes on by itself",
  },
  "late events": { targets: ["apps"], seconds: [4, 8], expected: "stored on the day on which they happened" },
} as const satisfies Readonly<Record<string, Kind>>;

export type FaultKind = keyof typeof kinds;

/** One fault of a plan. Times are milliseconds since the apps began. */
export type Fault = {
  readonly kind: FaultKind;
  readonly target: Target;
  readonly atMs: number;
  /** 0: it is done in a moment. */
  readonly forMs: number;
};

type Candidate = { readonly kind: FaultKind; readonly target: Target };

/** How long after its end nothing else happens to the same thing: it has to be there again to be broken. */
const recoveryMs = 8_000;

/**
 * The faults of a run, which depend on the arguments alone. Every kind comes before one comes again, as far as time allows; they overlap, but only one broker
 * is broken at a time, for of three copies two make an acknowledgement.
 * @param only kinds to choose from; all by default
 */
export function planFaults(
  seed: number,
  p: { readonly durationMs: number; readonly everyMs?: number; readonly only?: readonly Candidate[] },
): readonly Fault[] {
  const random = createRandom(seed, 0x66617573);
  const { durationMs, everyMs = 4_000 } = p;
  const plan: Fault[] = [];
  const busy = new Map<string, number>();
  let deck: Candidate[] = [];
  // The first seconds let traffic begin, the last let a fault end.
  for (let at = 2_000; at < durationMs - 2_000; at += everyMs * (0.5 + random())) {
    if (deck.length === 0) deck = shuffled(random, p.only ?? candidatesOf(random));
    const index = deck.findIndex((each) => placesOf(each).every((place) => (busy.get(place) ?? 0) <= at));
    const [next] = index < 0 ? [] : deck.splice(index, 1);
    if (next === undefined) continue;
    const kind: Kind = kinds[next.kind];
    const [from, to] = kind.seconds ?? [0, 0];
    const forMs = Math.round((from + (to - from) * random()) * 1_000);
    plan.push({ ...next, atMs: Math.round(at), forMs });
    for (const place of placesOf(next)) busy.set(place, at + forMs + (isProcess(next.target) ? recoveryMs : 0));
  }
  return plan;
}

/** One target for each kind, and for what befalls processes one in each tier. */
function candidatesOf(random: Random): readonly Candidate[] {
  return Object.entries(kinds).flatMap(([kind, { targets }]) => {
    const tiers = Map.groupBy<string, Target>(targets, placeOf);
    return [...tiers.values()].map((tier): Candidate => {
      const target = tier[Math.floor(random() * tier.length)] as Target;
      return { kind: kind as FaultKind, target };
    });
  });
}

/** What is broken together: one broker is all of Kafka here. */
export function placeOf(target: Target): string {
  return target.startsWith("kafka") || target === "topics" ? "kafka" : target.replace(/-\d$/, "");
}

/** A disk of the front door is written to only while Kafka is away. */
function placesOf({ kind, target }: Candidate): readonly string[] {
  return kind === "full disk" && target === spoolingDoor ? [placeOf(target), "kafka"] : [placeOf(target)];
}

const isProcess = (target: Target) => target !== "apps" && target !== "topics";

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  const mixed: T[] = [];
  while (left.length > 0) mixed.push(...left.splice(Math.floor(random() * left.length), 1));
  return mixed;
}
