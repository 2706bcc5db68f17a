import type { EventClass } from "./ports.ts";

/** From those that are given up first to those that are kept longest. */
export const classes: readonly EventClass[] = ["bulk", "normal", "critical"];

/** Why an event was given up; docs/sdk.md explains each. */
export type DropReason =
  | "evicted"
  | "damaged"
  | "rejected"
  | "too_large"
  | "switched_off"
  | "no_consent"
  | "invalid"
  | "closed";

/** Where an event is: on the device's storage; in memory only, since the storage failed; or given up. */
export type Kept = "stored" | "memory" | "dropped";

/** A file of events on the storage. */
export type Segment = {
  readonly name: string;
  /** Characters and frames in it. */
  size: number;
  frames: number;
  /** The events in it that are not forgotten; it goes with the last. */
  readonly left: Set<Entry>;
  /** Frames of its acknowledgements. */
  acks: number;
  /** Nothing more is written to it. */
  sealed: boolean;
  /** Some of its events cannot be read any more, and are not counted yet. */
  damaged: boolean;
};

/** An event that waits. */
export type Entry = {
  readonly id: string;
  readonly type: string;
  readonly class: EventClass;
  /** Its place in the order of all events of the device. */
  readonly sequence: number;
  /** The event as JSON. */
  readonly text: string;
  /** The length of `text` in UTF-8. */
  readonly bytes: number;
  /** Not for the queue's files: a report of drops, which has a file of its own. */
  readonly report: boolean;
  /** In the request that is under way, or about to be evicted. */
  busy: boolean;
  done: boolean;
  /** Given up, and counted so: forgotten on the storage only after its count is written. */
  dropped: boolean;
  /** Where it lies on the storage. */
  file: Segment | undefined;
  /** Where it may lie as well, since a writing failed half-way. */
  ghost: Segment | undefined;
  kept: ((where: Kept) => void) | undefined;
};

/** A new event of the queue. */
export function entryOf(
  event: Pick<Entry, "id" | "type" | "class" | "sequence" | "text"> & Partial<Pick<Entry, "report" | "file" | "kept">>,
): Entry {
  return {
    report: false,
    busy: false,
    done: false,
    dropped: false,
    file: undefined,
    ghost: undefined,
    kept: undefined,
    ...event,
    bytes: utf8Length(event.text),
  };
}

/** Bytes of a text in UTF-8, without encoding it: React Native may lack TextEncoder. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A half of a surrogate pair is two of the pair's four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}

/** Whether an operation of the storage went well; one may also throw before it gives a promise. */
export async function succeeds(operation: () => Promise<unknown>): Promise<boolean> {
  try {
    await operation();
    return true;
  } catch {
    return false;
  }
}
