import { expect, test } from "vitest";
import { type Envelope, envelopeHeaders, readEnvelope } from "../../schemas/index.ts";

const envelope: Envelope = {
  id: "0199c3e1-7b1a-7c3e-9d53-5a8c0f2b6d11",
  type: "driver.location",
  source: "/apps/driver/ios/6.1.2",
  time: "2026-11-22T22:11:41.123456+01:00",
  subject: "drv_1",
  receivedAt: 1_795_381_901_123,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};

test("an envelope comes back from the headers as it was", () => {
  const headers = envelopeHeaders(envelope);
  expect(readEnvelope({ headers })).toEqual(envelope);
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));
  expect(readEnvelope({ headers: bytes })).toEqual(envelope);
  const { subject: _s, traceparent: _t, ...less } = envelope;
  expect(envelopeHeaders(less)).not.toHaveProperty("ce_subject");
  expect(readEnvelope({ headers: envelopeHeaders(less) })).toEqual(less);
});

test.each(["ce_id", "ce_type", "ce_time"])("without %s there is no envelope", (name) => {
  const headers: Record<string, string> = envelopeHeaders(envelope);
  expect(readEnvelope({ headers: { ...headers, [name]: "" } })).toBeUndefined();
  delete headers[name];
  expect(readEnvelope({ headers })).toBeUndefined();
});

test("a time of arrival that is no number is 0", () => {
  expect(readEnvelope({ headers: { ...envelopeHeaders(envelope), received_at: "soon" } })?.receivedAt).toBe(0);
});
