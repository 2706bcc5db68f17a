import { PipelineError } from "../../runtime/index.ts";
import { combine, type Placed, together } from "./load-rules.ts";
import type { Rules } from "./rules.ts";

/** A rule that was put by API, as it is kept. */
export type StoredRule = {
  readonly name: string;
  /** As it was given. */
  readonly text: string;
  readonly madeMs: number;
  readonly madeBy: string;
  readonly changedMs: number;
  readonly changedBy: string;
};

/** All that are kept at a moment, in the order in which they were made. */
export type StoredRules = { readonly change: number; readonly rules: readonly StoredRule[] };

/** One rule of a book; `rule` is missing for one that cannot be used, and `problem` says why. */
export type BookEntry = {
  readonly name: string;
  /** The file that has it; absent: it was put by API. */
  readonly file?: string;
  readonly text: string;
  readonly stored?: StoredRule;
  readonly placed?: Placed;
  readonly problem?: PipelineError;
};

/** The rules of files and those that were put by API. */
export type RuleBook = { readonly rules: Rules; readonly entries: readonly BookEntry[] };

/** What is needed to understand a rule that is kept. */
export type Shelf = {
  readonly files: readonly Placed[];
  /** @throws PipelineError alert_rule_invalid */
  read(name: string, text: string): Placed;
};

/**
 * Files win: a rule that was put by API and has the name of one in a file is left out, as is one that cannot be used any more, or not together with the
 * others. Why is told, and the others go on.
 * @throws PipelineError alert_rule_invalid when the files alone do not stand
 */
export function openBook({ files, read }: Shelf, stored: StoredRules): RuleBook {
  const byFile = new Map(files.map((one) => [one.rule.name, one]));
  const problems = new Map<string, PipelineError>();
  let kept = stored.rules.flatMap((one) => {
    try {
      const other = byFile.get(one.name);
      if (other !== undefined) throw inFile(one.name, other.file);
      const placed = read(one.name, one.text);
      return [{ ...placed, rule: { ...placed.rule, sinceMs: one.madeMs } }];
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      problems.set(one.name, error);
      return [];
    }
  });
  let combined = combine([...files, ...kept]);
  // Each round leaves one out, so it ends.
  while ("problem" in combined) {
    const { culprit, problem } = combined;
    if (!kept.some((one) => one === culprit)) throw problem;
    problems.set(culprit.rule.name, problem);
    kept = kept.filter((one) => one !== culprit);
    combined = combine([...files, ...kept]);
  }
  const entries = [
    ...files.map((placed): BookEntry => ({ name: placed.rule.name, file: placed.file, text: placed.text, placed })),
    ...stored.rules.map((one): BookEntry => {
      const placed = kept.find(({ rule }) => rule.name === one.name);
      const problem = problems.get(one.name);
      return {
        ...{ name: one.name, text: one.text, stored: one },
        ...(placed === undefined ? {} : { placed }),
        ...(problem === undefined ? {} : { problem }),
      };
    }),
  ];
  return { rules: { ...combined.rules, change: stored.change }, entries };
}

/** The book of files alone. @throws PipelineError alert_rule_invalid */
export function bookOfFiles(shelf: Shelf): RuleBook {
  together(shelf.files);
  return openBook(shelf, { change: 0, rules: [] });
}

/** @throws PipelineError alert_rule_in_file */
export function refuseNameOfFile({ files }: Shelf, name: string): void {
  const other = files.find(({ rule }) => rule.name === name);
  if (other !== undefined) throw inFile(name, other.file);
}

function inFile(name: string, file: string): PipelineError {
  return new PipelineError("alert_rule_in_file", { fields: { rule: name, file } });
}

/** Rules that were judged by `before` and are others now, gone, or judged together with others. */
export function changedNames(before: Rules, after: Rules): readonly string[] {
  return before.all
    .filter((rule) => {
      const now = after.byName.get(rule.name);
      if (now === undefined || JSON.stringify(now.spec) !== JSON.stringify(rule.spec)) return true;
      const labels = Object.fromEntries(rule.groupBy.map((name) => [name, name]));
      return before.scopeOf(rule, labels) !== after.scopeOf(now, labels);
    })
    .map(({ name }) => name);
}
