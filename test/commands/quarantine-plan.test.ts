import { expect, test } from "vitest";
import { newIdOf, planReplay } from "../../commands/quarantine-plan.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import type { HeldEntry } from "../../sinks/quarantine/index.ts";

const { types } = loadCatalogue();
const bytes = (event: object) => Buffer.from(JSON.stringify(event));
const sos = (person: string, changes: object = {}) =>
  bytes({ id: "e-1", type: "safety.sos", data: { person_id: person }, ...changes });
const entry = (changes: Partial<HeldEntry> = {}): HeldEntry =>
  ({
    quarantine_id: "q_1",
    event_id: "e-1",
    code: "event_type_mismatch",
    token_subject: null,
    in_hand: false,
    original: bytes({ id: "e-1", type: "safety.sos" }),
    fixed: null,
    ...changes,
  }) as HeldEntry;
const plan = (changes: Partial<HeldEntry>, wishes: { newId?: boolean; vouch?: boolean } = {}) =>
  planReplay(entry(changes), { newId: false, vouch: false, ...wishes }, types);

test("posted is the corrected version, else the original, byte for byte", () => {
  const original = Buffer.from('{ "id" : "e-1" }');
  expect(plan({ original })).toEqual({ post: original, postedId: "e-1", isNewVersion: false });
  const fixed = bytes({ id: "e-1", fixed: true });
  expect(plan({ original, fixed })).toEqual({ post: fixed, postedId: "e-1", isNewVersion: false });
});

test("what another command has in hand is left alone, whatever is wished", () => {
  expect(plan({ in_hand: true }, { newId: true, vouch: true })).toEqual({ skip: "quarantine_in_hand" });
});

test("an id that belongs to another event needs a decision, and then always becomes the same new one", () => {
  const conflict = { code: "id_conflict" };
  expect(plan(conflict)).toEqual({ skip: "quarantine_new_id_needed" });
  expect(plan(conflict, { vouch: true })).toEqual({ skip: "quarantine_new_id_needed" });
  const planned = plan(conflict, { newId: true });
  expect(planned).toMatchObject({ postedId: newIdOf("q_1"), isNewVersion: true });
  expect(JSON.parse((planned as { post: Buffer }).post.toString())).toEqual({ id: newIdOf("q_1"), type: "safety.sos" });
  expect(plan(conflict, { newId: true })).toEqual(planned);
  expect(newIdOf("q_2")).not.toBe(newIdOf("q_1"));
  // A person has given it one already.
  const fixed = bytes({ id: "mine", type: "safety.sos" });
  expect(plan({ ...conflict, fixed })).toMatchObject({ post: fixed, postedId: "mine" });
  expect(plan({ ...conflict, fixed }, { newId: true })).toMatchObject({ post: fixed, postedId: "mine" });
});

test("an event without a conflict keeps its id, also with --new-id", () => {
  expect(plan({}, { newId: true })).toMatchObject({ postedId: "e-1", isNewVersion: false });
});

test("what a device sent for somebody else needs somebody who vouches, or a correction", () => {
  const spoofed = { code: "subject_mismatch", token_subject: "rdr_9", original: sos("rdr_8") };
  expect(plan(spoofed)).toEqual({ skip: "quarantine_vouching_needed" });
  expect(plan(spoofed, { newId: true })).toEqual({ skip: "quarantine_vouching_needed" });
  expect(plan(spoofed, { vouch: true })).toMatchObject({ post: spoofed.original });
  expect(plan({ ...spoofed, fixed: sos("rdr_9") })).toMatchObject({ postedId: "e-1" });
  expect(plan({ ...spoofed, fixed: sos("rdr_9", { subject: "rdr_8" }) })).toEqual({
    skip: "quarantine_vouching_needed",
  });
});

test("any code from a device is looked at so: its type may have been unknown when it came, its data unreadable", () => {
  const unknown = { code: "event_type_unknown", token_subject: "rdr_9" };
  expect(plan({ ...unknown, original: sos("rdr_8") })).toEqual({ skip: "quarantine_vouching_needed" });
  expect(plan({ ...unknown, original: sos("rdr_9") })).toMatchObject({ postedId: "e-1" });
  const avro = bytes({ id: "e-1", type: "safety.sos", datacontenttype: "application/avro", data_base64: "AAAA" });
  expect(plan({ code: "event_avro_invalid", token_subject: "rdr_9", original: avro })).toEqual({
    skip: "quarantine_vouching_needed",
  });
});
