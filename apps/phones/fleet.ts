import { setMaxListeners } from "node:events";
import type { DropReason, EventClass } from "../../client/index.ts";
import { createService, type Service } from "../../runtime/index.ts";
import type { AppEvent, KeyedEvent } from "../event.ts";
import { laneOf } from "../lanes.ts";
import { pause } from "../retry.ts";
import { characterOf, type Faults } from "./faults.ts";
import { createPhone, type Phone, type PhoneParts, type Wire } from "./phone.ts";

/** Counts of events: `sent` = `accepted` + `rejected` + what was dropped for other reasons + `unanswered`. */
export type FleetTally = {
  /** Events that the apps tracked. */
  readonly sent: number;
  /** Stored by the server, the quarantined ones among them. */
  readonly accepted: number;
  readonly quarantined: number;
  readonly rejected: number;
  /** Given up by the SDK for other reasons, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Still on the phones. */
  readonly unanswered: number;
  readonly phones: number;
  readonly wrongClocks: number;
  readonly oldVersions: number;
} & Readonly<Wire>;

/** The phones of a city. They start when somebody posts on them; `stop` switches them off at once, with what they still have. */
export type Fleet = Service & {
  submit(event: KeyedEvent): void;
  /** A crowd does not wait for a server. */
  room(): Promise<void>;
  /** Brings all phones home, where the network is good, and resolves when they have nothing left to send. */
  drain(): Promise<void>;
  tally(): FleetTally;
  /** The first few refusals. */
  readonly refusals: readonly string[];
};

const shownRefusals = 10;
const none: Faults = { offlineShare: 0, wrongClockShare: 0, oldVersionShare: 0, lostAnswerShare: 0, badShare: 0 };

export function createFleet(
  p: Pick<PhoneParts, "url" | "key" | "faults" | "classes" | "flushIntervalMs" | "timeoutMs" | "onStored"> & {
    readonly seed: number;
    /** Riders share so many phones; each driver has one. */
    readonly riderPhones: number;
    readonly classes: Readonly<Record<string, EventClass>>;
  },
): Fleet {
  const quit = new AbortController();
  // One for each request that is under way.
  setMaxListeners(0, quit.signal);
  const phones = new Map<string, Phone>();
  const wire: Wire = { requests: 0, retried: 0, duplicates: 0, lostAnswers: 0, offlineRequests: 0, bad: 0 };
  const refusals: string[] = [];
  let sent = 0;
  let home = false;
  let failService: (cause: unknown) => void = () => undefined;
  let failure: unknown;
  const parts: PhoneParts = {
    ...p,
    home: () => home,
    quit: quit.signal,
    wire,
    onRefused(type, { code, message }) {
      if (refusals.length < shownRefusals) refusals.push(`${type}: ${code ?? ""} ${message ?? ""}`.trimEnd());
    },
    onFatal(cause) {
      failure ??= cause;
      quit.abort();
      failService(cause);
    },
  };

  function phoneOf(event: AppEvent): Phone {
    const name = nameOf(event, p.riderPhones);
    let phone = phones.get(name);
    if (phone === undefined) {
      // What the office knows of cities and cars must be right, or nothing means anything.
      const faults = name === "office" ? none : p.faults;
      phone = createPhone({ ...parts, faults }, event.source, characterOf(name, p.seed, faults));
      phones.set(name, phone);
    }
    return phone;
  }

  const service = createService({
    name: "fleet",
    start: (fail) => {
      failService = fail;
    },
    stop: () => quit.abort(),
  });

  return Object.assign(service, {
    refusals,
    submit({ event }: KeyedEvent) {
      sent += 1;
      phoneOf(event).post(event);
    },
    room: () => Promise.resolve(),
    async drain() {
      home = true;
      for (;;) {
        const busy = [...phones.values()].filter(({ client }) => client.status().waiting > 0);
        if (busy.length === 0 || quit.signal.aborted) break;
        // A flush waits for what the server asks and for the phone's own pause, so this is no hammering.
        await Promise.race([Promise.all(busy.map(({ client }) => client.flush())), pause(1_000, quit.signal)]);
        await pause(50, quit.signal);
      }
      home = false;
      if (failure !== undefined) throw failure;
    },
    tally: () => ({ sent, ...sumOf([...phones.values()]), ...wire }),
  });
}

/** Adds up what the SDK of each phone says of itself; `sent` is counted elsewhere, so that the sum proves something. */
function sumOf(phones: readonly Phone[]): Omit<FleetTally, "sent" | keyof Wire> {
  const dropped: Partial<Record<DropReason, number>> = {};
  let accepted = 0;
  let quarantined = 0;
  let unanswered = 0;
  for (const { client } of phones) {
    const status = client.status();
    accepted += status.delivered;
    quarantined += status.quarantined;
    unanswered += status.waiting;
    for (const [reason, count] of Object.entries(status.dropped) as [DropReason, number][]) {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    }
  }
  const { rejected = 0, ...others } = dropped;
  return {
    accepted,
    quarantined,
    rejected,
    dropped: others,
    unanswered,
    phones: phones.length,
    wrongClocks: phones.filter(({ character }) => character.clockMs !== 0).length,
    oldVersions: phones.filter(({ character }) => character.old).length,
  };
}

/** Whether everything that was sent is accounted for. */
export function addsUp({ sent, accepted, rejected, dropped, unanswered }: FleetTally): boolean {
  return sent === accepted + rejected + unanswered + Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

/** Whose phone it is: the driver's own, one of the riders', or the office's. */
function nameOf({ source, data, subject }: AppEvent, riderPhones: number): string {
  const side = source.split("/")[2];
  const person = (id: unknown) => String(data[`${side}_id`] ?? data.user_id ?? data.person_id ?? id);
  if (side === "driver") return person(subject);
  return side === "rider" ? `rider ${laneOf(person(subject), riderPhones)}` : "office";
}
