import { expect, test } from "vitest";
import type { KafkaRecord } from "../../../kafka/index.ts";
import { envelopeHeaders } from "../../../schemas/index.ts";
import { alertOf, readAlert } from "../../../sinks/webhook/alert.ts";
import { bodyOf, contentTypeOf, type Format } from "../../../sinks/webhook/formats.ts";
import { startOfflineSchemas } from "../../support/offline-schemas.ts";

const data = {
  alert_id: "alr_1",
  alert_key: 'demand/cell "8a2"',
  rule: "unmet-demand",
  severity: "warning",
  summary: "Unmet <demand> & more in cty_nyc.",
  status: "firing",
  event_id: "1",
  event_type: "marketplace.minute",
  started_at: "2026-11-22T21:10:00.000Z",
  labels: { city: "cty_nyc", "8th-floor": "a<b" },
};
const envelope = {
  id: "e1",
  type: "alert",
  source: "/hailstream/alerts/unmet-demand",
  time: "2026-11-22T21:11:41.123Z",
  subject: data.alert_key,
};
const write = (format: Format, more: Record<string, unknown> = {}, receiver = "ops") =>
  JSON.parse(bodyOf(alertOf(envelope, { ...data, ...more }), format, receiver));

test("as a CloudEvent: the envelope and the data as they are", () => {
  expect(write("cloudevents")).toEqual({
    specversion: "1.0",
    ...envelope,
    datacontenttype: "application/json",
    data,
  });
  expect(contentTypeOf("cloudevents")).toMatch(/^application\/cloudevents\+json/);
});

test("as Alertmanager posts it, version 4", () => {
  const labels = { alertname: "unmet-demand", severity: "warning", city: "cty_nyc", _8th_floor: "a<b" };
  expect(write("alertmanager")).toEqual({
    version: "4",
    groupKey: '{}:{alert_key="demand/cell \\"8a2\\""}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "ops",
    groupLabels: { alertname: "unmet-demand" },
    commonLabels: labels,
    commonAnnotations: { summary: data.summary },
    externalURL: "",
    alerts: [
      {
        status: "firing",
        labels,
        annotations: { summary: data.summary },
        startsAt: "2026-11-22T21:10:00.000Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "",
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
    ],
  });
  expect(contentTypeOf("alertmanager")).toMatch(/^application\/json/);
});

test("to Alertmanager's receivers a resolved alert is the firing one with an end", () => {
  const firing = write("alertmanager");
  const resolved = write("alertmanager", { status: "resolved", labels: { city: "cty_sfo" } });
  expect(resolved).toMatchObject({ status: "resolved", groupKey: firing.groupKey });
  expect(resolved.alerts[0]).toMatchObject({
    status: "resolved",
    fingerprint: firing.alerts[0].fingerprint,
    startsAt: firing.alerts[0].startsAt,
    endsAt: envelope.time,
  });
  const ended = { status: "resolved", ended_at: "2026-11-22T21:11:00.000Z" };
  expect(write("alertmanager", ended).alerts[0].endsAt).toBe("2026-11-22T21:11:00.000Z");
  expect(write("alertmanager", { alert_key: "another" }).alerts[0].fingerprint).not.toBe(firing.alerts[0].fingerprint);
});

const group = {
  ended_at: null,
  annotations: { runbook_url: "https://runbooks.example/demand" },
  members: [
    {
      labels: { cell: "8a" },
      status: "firing",
      started_at: "2026-11-22T21:10:00.000Z",
      ended_at: null,
      summary: "8a: 9",
    },
    {
      labels: { cell: "8b" },
      status: "resolved",
      started_at: "2026-11-22T21:09:00.000Z",
      ended_at: "2026-11-22T21:11:00.000Z",
      summary: "8b: 0",
    },
  ],
};

test("what is told together is a group of Alertmanager, each member with a fingerprint of its own", () => {
  const body = write("alertmanager", group);
  expect(body.commonAnnotations).toEqual(group.annotations);
  expect(body.alerts).toMatchObject([
    {
      status: "firing",
      labels: { alertname: "unmet-demand", city: "cty_nyc", cell: "8a" },
      annotations: { summary: "8a: 9", runbook_url: "https://runbooks.example/demand" },
      endsAt: "0001-01-01T00:00:00Z",
    },
    { status: "resolved", labels: { cell: "8b" }, endsAt: "2026-11-22T21:11:00.000Z" },
  ]);
  expect(new Set(body.alerts.map((each: { fingerprint: string }) => each.fingerprint)).size).toBe(2);
  expect(write("slack", group).attachments[0].text.split("\n")).toEqual([
    "Unmet &lt;demand&gt; &amp; more in cty_nyc.",
    "https://runbooks.example/demand",
    "• 8a: 9",
    "• resolved: 8b: 0",
  ]);
});

test("times are text wherever they lie in a record of the topic", async () => {
  const { schemas, stop } = await startOfflineSchemas();
  try {
    const millis = Date.parse("2026-11-22T21:10:00Z");
    const members = [{ labels: {}, status: "firing", started_at: millis, ended_at: millis + 1, summary: "s" }];
    const value = schemas.encode("alert", {
      ...{ ...data, started_at: millis, latitude: null, longitude: null, ended_at: millis + 2, members },
      ...{ notification: "resolved", sequence: 2, cause: "condition", annotations: {} },
    });
    const headers = envelopeHeaders({ ...envelope, receivedAt: millis });
    const read = await readAlert({ key: null, value, headers } as unknown as KafkaRecord, schemas);
    expect(read).toMatchObject({
      ok: true,
      alert: {
        startedAt: "2026-11-22T21:10:00.000Z",
        endedAt: "2026-11-22T21:10:00.002Z",
        members: [{ startedAt: "2026-11-22T21:10:00.000Z", endedAt: "2026-11-22T21:10:00.001Z" }],
        event: { data: { ended_at: "2026-11-22T21:10:00.002Z" } },
      },
    });
  } finally {
    await stop();
  }
});

test("as a message for Slack, in which nothing that was typed becomes a link or a mention", () => {
  expect(write("slack", { summary: "<!channel> <http://evil|click> & so on" })).toEqual({
    text: "*WARNING: unmet-demand*",
    attachments: [
      {
        fallback: "WARNING: unmet-demand: &lt;!channel&gt; &lt;http://evil|click&gt; &amp; so on",
        color: "warning",
        text: "&lt;!channel&gt; &lt;http://evil|click&gt; &amp; so on",
        fields: [
          { title: "city", value: "cty_nyc", short: true },
          { title: "8th-floor", value: "a&lt;b", short: true },
        ],
        footer: 'demand/cell "8a2"',
        ts: Date.parse(data.started_at) / 1_000,
      },
    ],
  });
  expect(write("slack", { status: "resolved" })).toMatchObject({
    text: "*Resolved: unmet-demand*",
    attachments: [{ color: "good" }],
  });
  expect(contentTypeOf("slack")).toMatch(/^application\/json/);
});

test("an alert that says nothing of its urgency is told as critical, and one without a key is none", () => {
  expect(alertOf(envelope, { alert_key: "k" })).toMatchObject({
    messageId: "msg_e1",
    severity: "critical",
    status: "firing",
    startedAt: envelope.time,
  });
  expect(() => alertOf(envelope, {})).toThrow("alert_key");
});
