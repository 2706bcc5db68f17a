import { expect, test } from "vitest";
import { createMasking, mask } from "../../console/refused/personal.ts";
import type { Fault, Whole } from "../../console/refused/shapes.ts";
import { exampleOf, loadCatalogue } from "../../schemas/index.ts";

const catalogue = loadCatalogue();
const masking = createMasking(catalogue);

const fault = (pointer: string, code: Fault["code"] = "event_type_mismatch"): Fault => ({
  ...{ code, pointer, expected: "a number", got: '"+31 6 1234"' },
});

const whole = (type: string, changes: Partial<Whole> = {}): Whole => ({
  ...{ id: "q_1", kind: "quarantined", code: "event_type_mismatch", state: "open", first: 0, last: 0, timesSeen: 1 },
  ...{ eventId: "e-1", type, attempts: 0, lastAnswer: null, fault: fault("/data/rating") },
  ...{
    source: "/apps/rider/ios/6.1.2",
    schemaId: 7,
    subject: "rdr_1",
    facts: { "API key": "app (live)", "Token of": "rdr_1" },
  },
  ...{
    faults: [],
    attemptList: [],
    data: null,
    unreadable: null,
    original: "AAAA",
    headers: {},
    fixed: null,
    version: null,
  },
  ...changes,
});

test("a field that the schema calls personal is masked, and so is all that no schema declares", () => {
  const data = {
    ...{ trip_id: "trp_1", rated_by: "rider", rating: 3, rider_id: null, comment: "call me at 06 1234" },
    ...{ phone: "06 1234", latitude: 52.3, "": { deep: "06 1234" } },
  };
  const fixed = { specversion: "1.0", id: "e-1", type: "trip.rated", subject: "rdr_1", note: "06 1234", data };
  const shown = masking.whole(whole("trip.rated", { data, fixed }));
  const left = {
    ...{ trip_id: mask, rated_by: "rider", rating: 3, rider_id: null, comment: mask, phone: mask, latitude: mask },
    "": mask,
  };
  expect(shown.data).toEqual(left);
  expect(shown.fixed).toEqual({
    specversion: "1.0",
    id: "e-1",
    type: "trip.rated",
    subject: mask,
    note: mask,
    data: left,
  });
  expect(shown).toMatchObject({
    subject: mask,
    original: null,
    version: null,
    facts: { "API key": "app (live)", "Token of": mask },
  });
});

test("of a type that nobody knows, nothing of the data is left", () => {
  expect(masking.whole(whole("no.such", { data: { name: "Ada", list: [1] } })).data).toEqual({
    name: mask,
    list: mask,
  });
});

test("what came instead is told where the schema says that the place is not personal", () => {
  const gotOf = (pointer: string, code?: Fault["code"], kind: Whole["kind"] = "quarantined") =>
    masking.item(whole("trip.rated", { kind, fault: fault(pointer, code) })).fault.got;
  for (const pointer of ["/data/rating", "/data/rated_by", "/type", "/id", ""]) expect(gotOf(pointer)).not.toBe(mask);
  for (const pointer of ["/data/comment", "/data/rider_id", "/data/other", "/data", "/subject", "/data/rating/x", "/x"])
    expect(gotOf(pointer), pointer).toBe(mask);
  expect(gotOf("/data/other", "event_field_unknown")).not.toBe(mask);
  // A database quotes what it refuses.
  expect(gotOf("trip-events/0/7", "store_rejected", "dead")).toBe(mask);
});

test("of no type of ours is anything personal left, in whichever variant", () => {
  for (const type of catalogue.types.values()) {
    const shown = masking.whole(whole(type.name, { data: exampleOf(type) })).data as Record<string, unknown>;
    for (const { name, pii } of type.enriched?.fields ?? type.fields) {
      if (pii !== undefined && shown[name] !== undefined)
        expect([mask, null], `${type.name} ${name}`).toContain(shown[name]);
    }
  }
});
