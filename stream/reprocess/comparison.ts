import { createHash } from "node:crypto";
import { PipelineError } from "../../runtime/index.ts";
import type { OutboxRecord } from "../../store/index.ts";

/** One telling of a result, as it lies in a topic. */
export type Told = {
  readonly record: OutboxRecord;
  /** The result's type and what it is about. */
  readonly subject: string;
  /** Reads it from the record's bytes, which take less room. */
  data(): Readonly<Record<string, unknown>>;
  /** Of which input partition it was made; of a live result it is not known. */
  readonly partition?: number;
  /** When it was told, by the clock; ms since 1970. */
  readonly atMs: number;
};

export type Difference = {
  readonly kind: "changed" | "missing" | "extra";
  readonly subject: string;
  /** Of a changed result only the fields that differ. */
  readonly live?: Readonly<Record<string, unknown>>;
  readonly rebuilt?: Readonly<Record<string, unknown>>;
};

export type Verdict = {
  /** Results that both told, with the same content. */
  readonly equal: number;
  /** Results that both told, with another content. */
  readonly changed: number;
  /** Results that only the rebuilt processor told. */
  readonly missing: number;
  /** Results that only the live processor told. */
  readonly extra: number;
  readonly examples: readonly Difference[];
};

type Newest = { readonly told: Told; readonly digest: string; readonly revision: number };
type Side = "live" | "rebuilt";

const maxExamples = 5;

export type Comparison = {
  add(side: Side, told: Told): void;
  /** The highest revision of the live results; undefined when they have none. */
  readonly highestRevision: number | undefined;
  verdict(): Verdict;
  /**
   * The rebuilt results that differ from the live ones, or that these lack.
   * @throws PipelineError reprocess_unfit when one of them is no newer revision than what it corrects
   */
  corrections(): readonly Told[];
};

/**
 * Compares what two processors told, by subject: of several tellings the newest counts, which is the one with the highest revision, else the last.
 * Only subjects of which either told something between `fromMs` and `toMs` are judged. About a kilobyte of memory a subject.
 */
export function createComparison(fromMs: number, toMs: number): Comparison {
  const sides: Record<Side, Map<string, Newest>> = { live: new Map(), rebuilt: new Map() };
  const judged = new Set<string>();
  let highestRevision: number | undefined;

  function* judgements(): Generator<{ kind: Difference["kind"] | "equal"; live?: Newest; rebuilt?: Newest }> {
    for (const subject of judged) {
      const live = sides.live.get(subject);
      const rebuilt = sides.rebuilt.get(subject);
      if (live === undefined) yield { kind: "missing", ...(rebuilt === undefined ? {} : { rebuilt }) };
      else if (rebuilt === undefined) yield { kind: "extra", live };
      else yield { kind: live.digest === rebuilt.digest ? "equal" : "changed", live, rebuilt };
    }
  }

  return {
    add(side, told) {
      const { revision: given, ...content } = told.data();
      const revision = typeof given === "number" ? given : 0;
      if (side === "live" && typeof given === "number") highestRevision = Math.max(highestRevision ?? 0, revision);
      if (told.atMs >= fromMs && told.atMs <= toMs) judged.add(told.subject);
      const before = sides[side].get(told.subject);
      if (before !== undefined && before.revision > revision) return;
      const digest = createHash("sha1").update(JSON.stringify(content)).digest("base64");
      sides[side].set(told.subject, { told, digest, revision });
    },
    get highestRevision() {
      return highestRevision;
    },
    verdict() {
      const counts = { equal: 0, changed: 0, missing: 0, extra: 0 };
      const examples: Difference[] = [];
      for (const { kind, live, rebuilt } of judgements()) {
        counts[kind]++;
        if (kind === "equal" || counts[kind] > maxExamples) continue;
        examples.push(difference(kind, live?.told, rebuilt?.told));
      }
      return { ...counts, examples };
    },
    corrections() {
      const wrong = [...judgements()].filter(({ kind }) => kind === "changed" || kind === "missing");
      return wrong.flatMap(({ live, rebuilt }) => {
        if (rebuilt === undefined) return [];
        if (live !== undefined && live.revision > 0 && rebuilt.revision <= live.revision) {
          const message = `The rebuilt ${rebuilt.told.subject} has the revision ${rebuilt.revision}, the live one ${live.revision}`;
          throw new PipelineError("reprocess_unfit", { message });
        }
        return [rebuilt.told];
      });
    },
  };
}

function difference(kind: Difference["kind"], live: Told | undefined, rebuilt: Told | undefined): Difference {
  const subject = (live ?? rebuilt)?.subject ?? "";
  if (live === undefined || rebuilt === undefined) {
    return {
      ...{ kind, subject },
      ...(live === undefined ? {} : { live: live.data() }),
      ...(rebuilt === undefined ? {} : { rebuilt: rebuilt.data() }),
    };
  }
  const [before, after] = [live.data(), rebuilt.data()];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const other = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const pick = (data: typeof before) => Object.fromEntries(other.map((name) => [name, data[name]]));
  return { kind, subject, live: pick(before), rebuilt: pick(after) };
}
