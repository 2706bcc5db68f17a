import { expect, test } from "vitest";
import { minutesShown } from "../../../console/audit/minutes.ts";
import type { AuditPort } from "../../../console/audit/port.ts";
import type { AuditVerdict, Counts, MinuteLine, Says } from "../../../console/audit/shapes.ts";
import { createVerdicts } from "../../../console/audit/verdict.ts";
import { auditVerdict } from "../../../console/page/audit/audit-words.ts";

const span = { from: 0, to: 180_000 };
const counts = (n: number): Counts => ({ ingest: n, kafka: n, stream: n, stored: n, rows: n });
const line = (type: string, minute: number, says: Says, n: number, other: Partial<Counts> = {}): MinuteLine => ({
  ...{ type, minute, says },
  ...counts(n),
  ...other,
});

const lines = [
  line("b", 120_000, "open", 5, { kafka: 6 }),
  line("a", 60_000, "differs", 3, { rows: 2 }),
  line("a", 0, "agrees", 4),
];

test("minutes are added up by type, and the worst of them says how it stands", () => {
  const { types } = minutesShown(1, span, lines, { onlyWrong: false, limit: 10 });
  expect(types).toEqual([
    { type: "a", minutes: 2, says: "differs", ...counts(7), rows: 6 },
    { type: "b", minutes: 1, says: "open", ...counts(5), kafka: 6 },
  ]);
});

test("a type that a processor writes has no count of ingest, and none is made up of its minutes", () => {
  const derived = [0, 60_000].map((minute) => line("d", minute, "agrees", 2, { ingest: null }));
  const { types } = minutesShown(1, span, derived, { onlyWrong: false, limit: 10 });
  expect(types).toEqual([{ type: "d", minutes: 2, says: "agrees", ...counts(4), ingest: null }]);
});

test("what is narrowed are the minutes, and how many there are is told", () => {
  const shown = (type: string | undefined, onlyWrong: boolean, limit = 10) => {
    const { minutes, total } = minutesShown(1, span, lines, { type, onlyWrong, limit });
    return [minutes.map(({ minute }) => minute), total];
  };
  expect(shown("a", false)).toEqual([[60_000, 0], 2]);
  expect(shown(undefined, true)).toEqual([[120_000, 60_000], 2]);
  expect(shown(undefined, false, 1)).toEqual([[120_000], 3]);
});

/** An audit that finds `id`, and counts how many run together. */
function countingPort(found: readonly string[] = []) {
  const seen = { runs: 0, now: 0, most: 0 };
  const port: AuditPort = {
    db: { query: () => Promise.reject(new Error("none")), execute: () => Promise.reject(new Error("none")) },
    tables: [],
    async run() {
      seen.runs++;
      seen.most = Math.max(seen.most, ++seen.now);
      await new Promise((resolve) => setImmediate(resolve));
      seen.now--;
      if (found.includes("fails")) throw new Error("away");
      return { checked: 7, missing: found.map((id) => ({ id, type: "a", where: "stream" })), extra: [], unnamed: [] };
    },
    lost: () => Promise.resolve([{ id: "lost", type: "a", where: "kafka" }]),
  };
  return { port, seen };
}

test("one audit runs at a time, and who asks for the same span gets the same answer", async () => {
  const { port, seen } = countingPort();
  const verdictOf = createVerdicts(port);
  const [one, same] = await Promise.all([verdictOf(span), verdictOf(span), verdictOf({ from: 0, to: 60_000 })]);
  expect(one).toBe(same);
  expect(seen).toMatchObject({ runs: 2, most: 1 });
});

test("an event that Kafka has lost is named once, where it was lost; an audit that failed is tried again", async () => {
  const { findings } = await createVerdicts(countingPort(["lost", "other"]).port)(span);
  expect(findings.map(({ id, where }) => [id, where])).toEqual([
    ["lost", "kafka"],
    ["other", "stream"],
  ]);
  const failing = countingPort(["fails"]);
  const verdictOf = createVerdicts(failing.port);
  await expect(verdictOf(span)).rejects.toThrow("away");
  await expect(verdictOf(span)).rejects.toThrow("away");
  expect(failing.seen.runs).toBe(2);
});

test("the first line says what is wrong and how much was compared", () => {
  const verdict = (kinds: readonly ("missing" | "extra" | "unnamed")[], total = kinds.length) =>
    ({ checked: 1_234, total, findings: kinds.map((kind) => ({ kind })) }) as unknown as AuditVerdict;
  expect(auditVerdict(undefined).look).toBe("unknown");
  expect(auditVerdict(verdict([]))).toMatchObject({ look: "ok", words: "All in place: 1,234 events compared" });
  expect(auditVerdict(verdict(["missing", "extra", "missing", "unnamed"]))).toMatchObject({
    look: "fault",
    words: "2 missing, 1 too much, 1 minute differ: 1,234 events compared",
  });
  expect(auditVerdict(verdict(["missing"], 900)).words).toContain("1 or more missing");
});
