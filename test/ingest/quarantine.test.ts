import { expect, test } from "vitest";
import { acceptEvents } from "../../ingest/events/accept-event.ts";
import type { Verdict } from "../../ingest/events/verdict.ts";
import type { Items } from "../../ingest/formats/items.ts";
import { parseBody } from "../../ingest/formats/parse-body.ts";
import { requestFactsOf } from "../../ingest/handle-events.ts";
import { anySender, type Sender } from "../../ingest/identity/sender.ts";
import { ingestOptions } from "../../ingest/options.ts";
import { keepQuarantined, rejectQuarantined } from "../../ingest/quarantine.ts";
import type { OutgoingRecord } from "../../kafka/index.ts";
import { PipelineError, readOptions } from "../../runtime/index.ts";
import { readQuarantined } from "../../schemas/index.ts";
import { asRead } from "../support/memory-topics.ts";
import { locationEvent, offlineKnowledge } from "./knowledge.ts";

const knowledge = offlineKnowledge();
const limits = readOptions(ingestOptions, { flags: { "ingest-allow-anonymous": "true" } });
const receivedAt = Date.parse("2026-11-22T21:11:42Z");
const live = anySender("driver-app", "live");
const bad = (id: string) => locationEvent({ id, data: { driver_id: "drv_1", latitude: "north", longitude: 1 } });

function judge(body: Buffer, sender: Sender = live): { items: Items; verdicts: Verdict[] } {
  const items = parseBody(body, "either", { maxEvents: 100, maxBodyItems: 10_000 });
  return { items, verdicts: acceptEvents(items, knowledge, limits, { receivedAt }, sender) };
}

/** Takes what it is given, or does as `outcome` says. */
function topic(outcome: "replicated" | "local" | PipelineError = "replicated") {
  const sent: { topic: string; records: readonly OutgoingRecord[]; replicated: boolean }[] = [];
  return {
    sent,
    kept: () => sent.flatMap(({ records }) => records.map((record) => readQuarantined(asRead(record)))),
    async send(to: string, records: readonly OutgoingRecord[], { replicated }: { replicated: boolean }) {
      sent.push({ topic: to, records, replicated });
      if (outcome instanceof PipelineError) throw outcome;
      return outcome;
    },
  };
}

const keep = (to: ReturnType<typeof topic>, { items, verdicts }: ReturnType<typeof judge>, sender: Sender = live) =>
  keepQuarantined(to, verdicts, items, sender, { receivedAt, replicated: false });

test("a single event is kept byte for byte, with who sent it, when, and what was wrong", async () => {
  const body = Buffer.from(`  ${JSON.stringify(bad("a"), null, 3)}\n`);
  const judged = judge(body);
  const kafka = topic();
  await keep(kafka, judged);
  expect(judged.verdicts).toMatchObject([{ outcome: "quarantined" }]);
  expect(judged.verdicts[0]).not.toHaveProperty("durability");
  expect(kafka.sent).toMatchObject([{ topic: "quarantine", replicated: false }]);
  expect(kafka.kept()).toMatchObject([
    {
      eventId: "a",
      type: "driver.location",
      source: "/apps/driver/ios/6.1.2",
      time: "2026-11-22T21:11:41.123Z",
      subject: "drv_1",
      code: "event_type_mismatch",
      violations: [{ pointer: "/data/latitude", got: expect.stringContaining("north") }],
      schemaId: 7,
      keyName: "driver-app",
      stage: "live",
      receivedAt,
    },
  ]);
  expect(kafka.sent[0]?.records[0]?.value).toEqual(body);
});

test("of a batch only what is quarantined is kept, in one call, each for itself", async () => {
  const good = locationEvent({ id: "good" });
  const judged = judge(Buffer.from(JSON.stringify([bad("a"), good, 7, locationEvent({ id: "b", type: "no.such" })])));
  const kafka = topic();
  await keep(kafka, judged);
  expect(judged.verdicts.map(({ outcome }) => outcome)).toEqual(["quarantined", "accepted", "rejected", "quarantined"]);
  expect(kafka.sent).toHaveLength(1);
  expect(kafka.kept()).toMatchObject([
    { eventId: "a", original: Buffer.from(JSON.stringify(bad("a"))) },
    { eventId: "b", code: "event_type_unknown", type: "no.such" },
  ]);
});

test("nothing to keep is nothing sent", async () => {
  const kafka = topic();
  await keep(kafka, judge(Buffer.from(JSON.stringify(locationEvent()))));
  await keep(kafka, judge(Buffer.from("[]")));
  await keep(kafka, judge(Buffer.from(JSON.stringify(bad("a"))), anySender("desk")));
  expect(kafka.sent).toEqual([]);
});

test("what could not be kept is to be sent again, and the others stay what they are", async () => {
  const judged = judge(Buffer.from(JSON.stringify([bad("a"), locationEvent({ id: "good" }), 7])));
  await keep(topic(new PipelineError("spool_full")), judged);
  expect(judged.verdicts).toMatchObject([
    { outcome: "retry", id: "a", code: "spool_full" },
    { outcome: "accepted" },
    { outcome: "rejected" },
  ]);
});

test("what only this server's disk has says so", async () => {
  const judged = judge(Buffer.from(JSON.stringify(bad("a"))));
  await keep(topic("local"), judged);
  expect(judged.verdicts).toMatchObject([{ outcome: "quarantined", durability: "local" }]);
});

test("white space beyond a record's size is left out; an event that is too large without it is rejected, not retried for ever", async () => {
  const padded = judge(Buffer.from(`${JSON.stringify(bad("a"))}${" ".repeat(800_000)}`));
  const kafka = topic();
  await keep(kafka, padded);
  expect(kafka.kept()).toMatchObject([{ original: Buffer.from(JSON.stringify(bad("a"))) }]);

  const { items, verdicts } = judge(Buffer.from(JSON.stringify(bad("a"))));
  const huge = { ...items, bytesOf: () => Buffer.from(JSON.stringify({ ...bad("a"), note: "x".repeat(800_000) })) };
  await keep(kafka, { items: huge, verdicts });
  expect(kafka.sent).toHaveLength(1);
  expect(verdicts).toMatchObject([{ outcome: "rejected", violations: [{ code: "event_too_large" }, {}] }]);
});

test("the subject of a device's token is kept: whoever looks at it must know who spoke for whom", async () => {
  const device: Sender = { ...live, subject: "drv_2", device: "drv_2" };
  const judged = judge(Buffer.from(JSON.stringify(locationEvent())), device);
  const kafka = topic();
  await keep(kafka, judged, device);
  expect(kafka.kept()).toMatchObject([{ code: "subject_mismatch", tokenSubject: "drv_2", subject: "drv_1" }]);
});

test("Prefer: handling=strict is understood beside others, and makes rejected what would be kept", () => {
  const strict = (prefer?: string) => {
    const headers = prefer === undefined ? {} : { prefer };
    return requestFactsOf({ headers }, 0, 0, { options: limits, metrics: { sentAt: () => undefined } }).strict;
  };
  expect(["handling=strict", 'return=minimal; x, handling="strict"', "HANDLING = Strict"].map(strict)).toEqual([
    true,
    true,
    true,
  ]);
  expect([undefined, "handling=lenient", "mishandling=strict"].map(strict)).toEqual([false, false, false]);
  const { verdicts } = judge(Buffer.from(JSON.stringify([bad("a"), locationEvent({ id: "b" })])));
  rejectQuarantined(verdicts);
  expect(verdicts).toMatchObject([
    { outcome: "rejected", id: "a", violations: [{ pointer: "/data/latitude" }] },
    { outcome: "accepted" },
  ]);
});
