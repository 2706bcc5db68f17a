import { expect, test } from "vitest";
import { describeEntry, describeWhole, textOf } from "../../commands/quarantine-words.ts";
import type { Entry, EntryBytes } from "../../sinks/quarantine/index.ts";

const at = new Date("2026-11-22T21:11:42.000Z");
const entry: Entry & EntryBytes = {
  quarantine_id: "q_0123456789abcdef0123456789abcdef",
  state: "open",
  code: "event_field_unknown",
  violations: [
    {
      code: "event_field_unknown",
      pointer: "/data/sped",
      expected: "a field",
      got: '"sped"',
      message: "No.",
      didYouMean: "speed",
    },
  ],
  event_id: "e-1",
  type: "driver.location",
  source: "/apps/driver",
  time: "2026-11-22T21:11:41Z",
  subject: null,
  schema_id: 7,
  key_name: "driver-app",
  stage: "live",
  token_subject: "drv_1",
  times_seen: 3,
  received_at: at,
  last_received_at: at,
  fixed_at: null,
  fixed_by: null,
  attempts: 2,
  last_status: "rejected",
  last_code: "event_field_unknown",
  original: Buffer.from('{"id":"e-1","data":{"sped":1}}'),
  fixed: null,
};

test("a line says when, what, from whom, where, why, and what was tried", () => {
  const line = describeEntry(entry);
  for (const word of [
    "q_0123456789ab",
    at.toISOString(),
    "open",
    "driver-app",
    "/data/sped",
    "did you mean speed?",
    "2 attempts, rejected",
    "sent 3 times",
  ]) {
    expect(line).toContain(word);
  }
  expect(line).not.toContain("\n");
});

test("what an app has sent does not move the cursor, colour or reorder the terminal of whoever looks at it", () => {
  const hostile = "\u001b[31mred\u0007\r\n\u202egnirts\u009b2J\u2028";
  const shown = [
    describeEntry({ ...entry, type: hostile, key_name: hostile }),
    ...describeWhole({ ...entry, subject: hostile, original: Buffer.from(JSON.stringify({ a: hostile })) }, []),
    textOf(Buffer.from(`no json ${hostile}`)),
  ].join("\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
});

test("everything is shown: what to do, the attempts, both versions", () => {
  const fixed = Buffer.from('{"id":"e-1","data":{"speed":1}}');
  const replays = [
    {
      attempt: 1,
      started_at: at,
      finished_at: at,
      by: "ann",
      door: "http://door",
      posted_id: "e-1",
      status: "rejected",
      code: "event_field_unknown",
      answer: {},
    },
    {
      attempt: 2,
      started_at: at,
      finished_at: null,
      by: "ann",
      door: "http://door",
      posted_id: "e-1",
      status: null,
      code: null,
      answer: null,
    },
  ];
  const text = describeWhole({ ...entry, fixed, fixed_at: at, fixed_by: "bob" }, replays).join("\n");
  for (const word of [
    "What to do: Correct the name",
    "rejected (event_field_unknown)",
    "no answer was heard",
    "by bob",
    '"sped": 1',
    '"speed": 1',
    "drv_1",
  ]) {
    expect(text).toContain(word);
  }
});
