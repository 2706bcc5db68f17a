import { type Rule, RuleProblem } from "./rule.ts";

/** All rules, and which of them must be judged together. */
export type Rules = {
  readonly all: readonly Rule[];
  readonly byName: ReadonlyMap<string, Rule>;
  /** The topics that rules listen to. */
  readonly topics: readonly string[];
  /**
   * Which memory a member of a rule belongs to, and so which partition: its own, or, where one rule keeps another silent, that of all who have the
   * labels in common that decide it.
   */
  scopeOf(rule: Rule, labels: Readonly<Record<string, string>>): string;
  /** Counts the changes of rules that are kept in the database. Who has a smaller number has older rules. 0 when not given: there are files only. */
  readonly change?: number;
  /** Reads them again; of rules that may change while the process runs. @throws PipelineError store_unavailable */
  refresh?(): Promise<void>;
};

/** @throws RuleProblem whose path begins with the name of the rule */
export function createRules(all: readonly Rule[]): Rules {
  const byName = new Map(all.map((rule) => [rule.name, rule]));
  /** Of each rule that takes part in an inhibition: the name of its set, and the labels that decide. */
  const shared = new Map<string, { set: string; equal: readonly string[] }>();
  for (const rule of all) {
    for (const [i, { rule: other, equal }] of rule.spec.inhibited_by.entries()) {
      const path = [rule.name, "inhibited_by", i];
      const by = byName.get(other);
      // A single file is tried without the rules that it names.
      if (by === undefined && all.length === 1) continue;
      if (by === undefined) throw new RuleProblem([...path, "rule"], `expected the name of a rule, got ${other}`);
      for (const each of [rule, by]) {
        const missing = equal.find((label) => !each.groupBy.includes(label));
        if (missing !== undefined)
          throw new RuleProblem([...path, "equal"], `${each.name} does not tell its alerts apart by ${missing}`);
      }
      const labels = [...equal].sort();
      const sets = [rule.name, other].flatMap((name) => shared.get(name) ?? []);
      if (sets.some((set) => set.equal.join() !== labels.join()))
        throw new RuleProblem(
          [...path, "equal"],
          "rules that inhibit each other need the same labels in equal throughout",
        );
      const names = new Set(sets.map(({ set }) => set));
      const joined = [...names, rule.name, other].sort()[0] as string;
      for (const [name, set] of shared) if (names.has(set.set)) shared.set(name, { set: joined, equal: labels });
      for (const name of [rule.name, other]) shared.set(name, { set: joined, equal: labels });
    }
  }
  return {
    all,
    byName,
    topics: [...new Set(all.flatMap(({ topics }) => topics))].sort(),
    scopeOf(rule, labels) {
      const set = shared.get(rule.name);
      const names = set?.equal ?? rule.groupBy;
      return JSON.stringify([
        set === undefined ? rule.name : `+${set.set}`,
        ...names.map((name) => labels[name] ?? ""),
      ]);
    },
  };
}

export const noRules: Rules = createRules([]);
