import { expect, test } from "vitest";
import { acceptEvents } from "../../../ingest/events/accept-event.ts";
import { subjectMismatch } from "../../../ingest/identity/subject-binding.ts";
import { locationEvent, offlineKnowledge } from "../knowledge.ts";

const knowledge = offlineKnowledge();

/** type, data, envelope subject, subject of the token, pointer of the mismatch. */
const cases: readonly [
  type: string,
  data: object,
  subject: string | undefined,
  token: string,
  pointer: string | undefined,
][] = [
  ["driver.location", { driver_id: "drv_1" }, "drv_1", "drv_1", undefined],
  ["driver.location", { driver_id: "drv_1" }, undefined, "drv_1", undefined],
  ["driver.location", { driver_id: "drv_2" }, "drv_1", "drv_1", "/data/driver_id"],
  ["driver.location", { driver_id: "drv_1" }, "drv_2", "drv_1", "/subject"],
  ["driver.location", { driver_id: "drv_12" }, undefined, "drv_1", "/data/driver_id"],
  ["driver.location", { driver_id: "anything" }, undefined, "drv_1", "/data/driver_id"],
  ["driver.location", { driver_id: "drv_1" }, undefined, "rdr_1", "/data/driver_id"],
  ["trip.started", { trip_id: "trp_1", driver_id: "drv_1", rider_id: "rdr_5" }, undefined, "drv_1", undefined],
  ["trip.started", { trip_id: "trp_1", driver_id: "drv_2", rider_id: "rdr_5" }, undefined, "drv_1", "/data/driver_id"],
  ["trip.requested", { trip_id: "trp_1", rider_id: "rdr_6" }, undefined, "rdr_5", "/data/rider_id"],
  ["trip.cancelled", { trip_id: "trp_1", cancelled_by: "system" }, undefined, "rdr_5", undefined],
  ["trip.rated", { trip_id: "trp_1", rider_id: "rdr_5", driver_id: null }, "drv_1", "drv_1", undefined],
  ["rider.session", { rider_id: "rdr_5" }, undefined, "drv_1", "/data/rider_id"],
  ["safety.sos", { person_id: "rdr_5" }, undefined, "drv_1", "/data/person_id"],
  ["app.error", { session_id: "ses_1", user_id: "rdr_5" }, undefined, "drv_1", "/data/user_id"],
  ["app.error", { session_id: "ses_1", message: "drv_2 crashed", user_id: "drv_1" }, undefined, "drv_1", undefined],
  ["driver.location", [], undefined, "drv_1", undefined],
];

test.each(cases)("%s %j with subject %s by a token for %s: %s", (name, data, subject, token, pointer) => {
  const type = knowledge.catalogue.types.get(name);
  const found = subjectMismatch({ data, subject }, type, token);
  expect(found?.pointer).toBe(pointer);
  if (found !== undefined) expect(found.expected).toContain(`"${token}"`);
});

const judge = (event: unknown, subject: string | undefined) =>
  acceptEvents(
    { values: [event], escapes: false },
    knowledge,
    {
      maxEventBytes: 32_768,
      maxDepth: 16,
      maxKeys: 100,
      maxTextChars: 1_000,
      maxFutureMs: 86_400_000,
      futureFlagMs: 60_000,
      pastFlagMs: 604_800_000,
    },
    { receivedAt: Date.parse("2026-11-22T21:12:00Z") },
    { name: "app", stage: "test", mayPost: () => true, ...(subject === undefined ? {} : { subject }) },
  )[0];

test("an event of somebody else is quarantined, whatever the stage, and says what was expected", () => {
  expect(judge(locationEvent(), "drv_1")).toMatchObject({ outcome: "accepted" });
  expect(judge(locationEvent(), undefined)).toMatchObject({ outcome: "accepted" });
  expect(judge(locationEvent(), "drv_2")).toMatchObject({
    outcome: "quarantined",
    violations: [
      { code: "subject_mismatch", pointer: "/subject", expected: expect.stringContaining("drv_2"), got: '"drv_1"' },
    ],
  });
});

test("without a usable envelope there is nothing to keep it under: it is rejected, with both reasons", () => {
  const verdict = judge(locationEvent({ id: undefined }), "drv_2");
  expect(verdict).toMatchObject({
    outcome: "rejected",
    violations: [{ code: "subject_mismatch" }, { code: "event_id_missing" }],
  });
});
