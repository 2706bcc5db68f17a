import type { AuditFinding, AuditVerdict, Counts, Says } from "../../audit/shapes.ts";
import { countText } from "../parts/words.ts";

/** The stations in the order of an event's way, and what each counts. */
export const stations: readonly {
  readonly name: keyof Counts;
  readonly words: string;
  readonly means: string;
  readonly before?: keyof Counts;
}[] = [
  {
    name: "ingest",
    words: "Ingest",
    means: "acknowledged by Kafka; counted within some ten seconds. A dash: a processor writes this type",
  },
  {
    name: "kafka",
    words: "Kafka",
    means: "in the topic that ingest or a processor writes, repetitions included",
    before: "ingest",
  },
  {
    name: "stream",
    words: "Stream",
    means: "read by the sink behind the processors, repetitions included",
    before: "kafka",
  },
  { name: "stored", words: "Postgres", means: "stored as new rows, by the ledger", before: "stream" },
  { name: "rows", words: "Rows now", means: "there at this moment", before: "stored" },
];

/** What the counts of a line say, by a sign beside words. */
export const saysLooks: Readonly<
  Record<Says, { readonly look: string; readonly sign: string; readonly words: string }>
> = {
  agrees: { look: "ok", sign: "✓", words: "all alike" },
  open: { look: "unknown", sign: "…", words: "on its way, or repeated" },
  differs: { look: "fault", sign: "✕", words: "rows are not as stored" },
};

export const kindWords = {
  missing: { sign: "−", words: "missing" },
  extra: { sign: "+", words: "too much" },
  unnamed: { sign: "?", words: "differs" },
} as const;

/** The first line of the page. */
export function auditVerdict(verdict: AuditVerdict | undefined): {
  readonly look: "ok" | "fault" | "unknown";
  readonly sign: string;
  readonly words: string;
} {
  if (verdict === undefined) return { look: "unknown", sign: "…", words: "The audit compares" };
  const { findings, total, checked } = verdict;
  const compared = `${countText(checked)} event${checked === 1 ? "" : "s"} compared`;
  if (total === 0) return { look: "ok", sign: "✓", words: `All in place: ${compared}` };
  const counts = (["missing", "extra", "unnamed"] as const).flatMap((kind) => {
    const count = findings.filter((finding) => finding.kind === kind).length;
    if (count === 0) return [];
    const text = `${countText(count)}${total > findings.length ? " or more" : ""}`;
    return [kind === "unnamed" ? `${text} minute${count === 1 ? "" : "s"} differ` : `${text} ${kindWords[kind].words}`];
  });
  return { look: "fault", sign: "✕", words: `${counts.join(", ")}: ${compared}` };
}

/** Of a minute in which nobody can say which event it is. */
export const findingText = ({ rows, stored }: Pick<AuditFinding, "rows" | "stored">) =>
  `${countText(rows ?? 0)} rows, ${countText(stored ?? 0)} were stored; Kafka no longer has all of its events`;
