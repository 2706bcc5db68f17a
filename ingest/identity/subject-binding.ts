import { errorTable } from "../../runtime/index.ts";
import type { EventType, Violation } from "../../schemas/index.ts";

/** Fields that say who acts. In the others an id of a person may stand for someone else. */
const alwaysActor = new Set(["person_id", "user_id"]);
const actorWhenKey = new Set(["driver_id", "rider_id", ...alwaysActor]);

/**
 * Whether an event is of the one for whom its token speaks; the first thing that says otherwise, or undefined.
 *
 * - `subject` of the envelope, when there, is the token's.
 * - Every field of `data` that the schema marks as an identifier and that holds an id with the prefix of the token's subject
 *   is that subject: a driver's token names no other driver, but may name a rider and a trip.
 * - `person_id` and `user_id`, and the key of the type when it is a person's id, are the token's subject, whatever their prefix: a driver's
 *   token posts no rider's session.
 */
export function subjectMismatch(
  event: Readonly<Record<string, unknown>>,
  type: EventType | undefined,
  subject: string,
): Violation | undefined {
  const claimed = event.subject;
  if (typeof claimed === "string" && claimed !== subject) return mismatch("/subject", subject, claimed);
  const { data } = event;
  if (type === undefined || typeof data !== "object" || data === null) return undefined;
  const prefix = subject.slice(0, subject.indexOf("_") + 1);
  for (const { name, pii } of type.fields) {
    if (pii !== "identifier") continue;
    const value = (data as Record<string, unknown>)[name];
    if (typeof value !== "string" || value === subject) continue;
    const isActor = alwaysActor.has(name) || (name === type.keyField && actorWhenKey.has(name));
    if (isActor || value.startsWith(prefix)) return mismatch(`/data/${name}`, subject, value);
  }
  return undefined;
}

function mismatch(pointer: string, subject: string, got: string): Violation {
  return {
    code: "subject_mismatch",
    pointer,
    expected: `${JSON.stringify(subject)}, the subject of the device token`,
    got: JSON.stringify(got.length > 100 ? `${got.slice(0, 100).toWellFormed()}…` : got),
    message: errorTable.subject_mismatch.title,
  };
}
