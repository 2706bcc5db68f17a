import { v5 as uuidv5 } from "uuid";
import { subjectMismatch } from "../ingest/identity/subject-binding.ts";
import type { EventType } from "../schemas/index.ts";
import type { HeldEntry, Plan } from "../sinks/quarantine/index.ts";
import type { EventObject } from "./quarantine-edit.ts";

/** What whoever replays has decided. */
export type ReplayWishes = {
  /** Events whose id belongs to another get one of their own. */
  readonly newId: boolean;
  /** Events that a device sent for somebody else are true all the same. */
  readonly vouch: boolean;
};

/** Of ids that are derived from those of the quarantine. */
const namespace = "b5a0c7f6-6d0e-4a57-9d9e-3f1f0f9f4a11";

/** The same entry always gets the same new id: replayed twice, or by two at once, it stays one event. */
export function newIdOf(quarantineId: string): string {
  return uuidv5(quarantineId, namespace);
}

/** The version of an event that is to be posted, as an object. */
export function versionOf(entry: Pick<HeldEntry, "original" | "fixed">): EventObject {
  return JSON.parse((entry.fixed ?? entry.original).toString()) as EventObject;
}

/**
 * Whether an event may be posted again, and as which bytes. Whoever posts does so with an API key, which may speak for everyone; so two
 * codes need a decision of a person first.
 */
export function planReplay(entry: HeldEntry, wishes: ReplayWishes, types: ReadonlyMap<string, EventType>): Plan {
  if (entry.in_hand) return { skip: "quarantine_in_hand" };
  const bytes = entry.fixed ?? entry.original;
  const event = versionOf(entry);
  if (entry.token_subject !== null && !wishes.vouch) {
    const type = types.get(String(event.type));
    // Whom Avro names is not visible here.
    const isHidden = event.data_base64 !== undefined;
    if (isHidden || subjectMismatch(event, type, entry.token_subject) !== undefined) {
      return { skip: "quarantine_vouching_needed" };
    }
  }
  if (entry.code === "id_conflict" && event.id === entry.event_id) {
    if (!wishes.newId) return { skip: "quarantine_new_id_needed" };
    const postedId = newIdOf(entry.quarantine_id);
    return { post: Buffer.from(JSON.stringify({ ...event, id: postedId })), postedId, isNewVersion: true };
  }
  return { post: bytes, postedId: String(event.id), isNewVersion: false };
}
