import { PipelineError } from "../../runtime/index.ts";
import type { Database, Queryable } from "../../store/index.ts";
import {
  type BookEntry,
  openBook,
  refuseNameOfFile,
  type Shelf,
  type StoredRule,
  type StoredRules,
} from "./rule-book.ts";

type Row = {
  name: string;
  rule: string | null;
  change: number;
  made_at: Date;
  made_by: string;
  changed_at: Date;
  changed_by: string;
};

/** A rule as it is put. */
export type NewRule = {
  readonly text: string;
  /** Who puts it. */
  readonly by: string;
  /** The name that it must have; any when not given. */
  readonly name?: string;
  /** What its text is called in messages, such as a file; its name when not given. */
  readonly where?: string;
};

/** The rules that were put by API. */
export async function readStoredRules(db: Pick<Queryable, "query">): Promise<StoredRules> {
  const rows = await db.query<Row>(
    `select name, rule, change, made_at, made_by, changed_at, changed_by from pipeline.alert_rules
     order by made_at, name collate "C"`,
  );
  return {
    // Those that were removed count: their going is a change too.
    change: Math.max(0, ...rows.map(({ change }) => change)),
    rules: rows.flatMap(({ name, rule: text, ...row }) => {
      if (text === null) return [];
      const [madeMs, changedMs] = [new Date(row.made_at).getTime(), new Date(row.changed_at).getTime()];
      return [{ ...{ name, text, madeMs, madeBy: row.made_by }, ...{ changedMs, changedBy: row.changed_by } }];
    }),
  };
}

/**
 * Keeps a rule when it can be used together with all others; every process takes it up within some seconds.
 * @throws PipelineError alert_rule_invalid, with line, key, what was expected and what was there; alert_rule_in_file
 */
export async function putRule(
  db: Pick<Database, "transaction">,
  shelf: Shelf,
  { text, by, name, where = name ?? "the rule" }: NewRule,
): Promise<BookEntry & { readonly created: boolean }> {
  const placed = shelf.read(where, text);
  const given = placed.rule.name;
  if (name !== undefined && given !== name) {
    const message = `${where}:${placed.lineOf(["name"])}: name: expected ${name}, as the path says, got ${given}`;
    throw new PipelineError("alert_rule_invalid", { message });
  }
  refuseNameOfFile(shelf, given);
  return change(db, async (tx, stored) => {
    const nowMs = Date.now();
    const known = stored.rules.find((one) => one.name === given);
    const made = { name: given, text, madeMs: nowMs, madeBy: by, changedMs: nowMs, changedBy: by };
    const wanted: StoredRule = known === undefined ? made : { ...known, text, changedMs: nowMs, changedBy: by };
    const others = stored.rules.filter((one) => one !== known);
    const after = refuseBroken(shelf, stored, { ...stored, rules: [...others, wanted] }, given);
    const entry = after.find((one) => one.name === given) as BookEntry;
    if (known?.text !== text)
      await tx.execute(
        `insert into pipeline.alert_rules (name, rule, change, made_by, changed_by) values ($1, $2, $3, $4, $4)
         on conflict (name) do update set rule = excluded.rule, change = excluded.change, changed_at = now(),
           changed_by = excluded.changed_by,
           made_at = case when alert_rules.rule is null then now() else alert_rules.made_at end,
           made_by = case when alert_rules.rule is null then excluded.made_by else alert_rules.made_by end`,
        [given, text, stored.change + 1, by],
      );
    return { ...entry, created: known === undefined };
  });
}

/**
 * Takes a rule away; what it had told is resolved.
 * @throws PipelineError alert_rule_unknown, alert_rule_in_file, alert_rule_needed when others that were put by API name it
 */
export async function removeRule(
  db: Pick<Database, "transaction">,
  shelf: Shelf,
  name: string,
  by: string,
): Promise<void> {
  await change(db, async (tx, stored) => {
    const known = stored.rules.find((one) => one.name === name);
    if (known === undefined) {
      refuseNameOfFile(shelf, name);
      throw new PipelineError("alert_rule_unknown", { fields: { rule: name } });
    }
    refuseBroken(shelf, stored, { ...stored, rules: stored.rules.filter((one) => one !== known) });
    await tx.execute(
      "update pipeline.alert_rules set rule = null, change = $2, changed_at = now(), changed_by = $3 where name = $1",
      [name, stored.change + 1, by],
    );
  });
}

/** One change at a time, so that each is judged by all that were made before. */
function change<T>(
  db: Pick<Database, "transaction">,
  work: (tx: Queryable, stored: StoredRules) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute("lock table pipeline.alert_rules in share row exclusive mode");
    return work(tx, await readStoredRules(tx));
  });
}

/** What could not be used before may stay so. */
function refuseBroken(shelf: Shelf, before: StoredRules, after: StoredRules, put?: string): readonly BookEntry[] {
  const { entries } = openBook(shelf, after);
  const wasBroken = new Set(openBook(shelf, before).entries.flatMap((one) => (one.problem ? [one.name] : [])));
  for (const { name, problem } of entries) {
    if (problem === undefined) continue;
    if (name === put) throw problem;
    if (wasBroken.has(name)) continue;
    throw new PipelineError("alert_rule_needed", {
      message: `The rule ${name} could not be used then: ${problem.message}`,
    });
  }
  return entries;
}
