import { expect, test } from "vitest";
import type { Envelope } from "../../../schemas/index.ts";
import { alertOf } from "../../../stream/alerts/alert.ts";
import { raiseSos } from "../../../stream/alerts/raise-sos.ts";

const envelope: Envelope = {
  id: "0198f3c1-0000-7000-8000-000000000001",
  type: "safety.sos",
  source: "/apps/rider/ios/6.1.2",
  time: "2026-11-22T21:11:41.123+01:00",
  receivedAt: 1_795_379_501_500,
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};
const value = {
  sos_id: "sos_1",
  person_id: "rdr_1",
  reported_by: "rider",
  trip_id: "trp_1",
  latitude: 40.7484,
  longitude: -73.9857,
  note: "a secret that stays inside",
};
const raise = (changes: Partial<typeof value> | Record<string, unknown> = {}, cityAt?: () => string | undefined) => {
  const verdict = raiseSos(cityAt)({ envelope, value: { ...value, ...changes } });
  if (verdict.type !== "forward" || verdict.records[0] === undefined) throw new Error("expected an alert");
  return verdict.records[0];
};

test("an SOS becomes one critical alert that says who, where and on which trip", () => {
  const { envelope: out, data } = raise({}, () => "cty_nyc");
  expect(out).toMatchObject({
    type: "alert",
    time: envelope.time,
    receivedAt: envelope.receivedAt,
    subject: data.alert_key,
  });
  expect(out.traceparent).toBe(envelope.traceparent);
  expect(data).toMatchObject({
    alert_key: "safety-sos/sos_1",
    rule: "safety-sos",
    severity: "critical",
    status: "firing",
    event_id: envelope.id,
    event_type: "safety.sos",
    started_at: Date.parse(envelope.time),
    labels: { sos_id: "sos_1", person_id: "rdr_1", reported_by: "rider", trip_id: "trp_1", city: "cty_nyc" },
    latitude: 40.7484,
    longitude: -73.9857,
  });
  expect(data.summary).toBe(
    "The rider rdr_1 pressed the emergency button on trip trp_1, at 40.74840, -73.98570 (cty_nyc).",
  );
});

test("what the person typed does not leave the house", () => {
  expect(JSON.stringify(raise())).not.toContain(value.note);
});

test("without trip and position it says so", () => {
  const { data } = raise({ trip_id: null, latitude: null, longitude: null });
  expect(data.summary).toBe("The rider rdr_1 pressed the emergency button outside a trip, at an unknown place.");
  expect(data.labels).toEqual({ sos_id: "sos_1", person_id: "rdr_1", reported_by: "rider" });
});

test("the same event gives the same alert, another event another id, another status another message", () => {
  expect(raise()).toEqual(raise());
  // Fixed by value: another namespace or another way to compute it would send every alert of the past again.
  expect(raise().envelope.id).toBe("9543f83a-e09e-5693-a2dd-eeec8d34ac1c");
  expect(raise().data.alert_id).toBe("alr_0db0635c-3f61-5bd4-9061-f831db4e2375");
  const finding = {
    rule: "r",
    about: "a",
    severity: "info",
    summary: "s",
    labels: {},
    latitude: null,
    longitude: null,
  } as const;
  const firing = alertOf(envelope, { ...finding, status: "firing" });
  const resolved = alertOf(envelope, { ...finding, status: "resolved" });
  const other = alertOf({ ...envelope, id: "other" }, { ...finding, status: "firing" });
  expect(new Set([firing, resolved, other].map((alert) => alert.envelope.id)).size).toBe(3);
  expect(resolved.data.alert_id).toBe(firing.data.alert_id);
  expect(other.data.alert_id).not.toBe(firing.data.alert_id);
});

test("labels are cut", () => {
  expect((raise({ trip_id: "t".repeat(5_000) }).data.labels as Record<string, string>).trip_id).toHaveLength(200);
});

test("other types of the topic are left out", () => {
  expect(raiseSos()({ envelope: { ...envelope, type: "safety.other" }, value })).toEqual({
    type: "drop",
    reason: "other event type",
  });
});
