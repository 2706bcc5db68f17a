import type { AuditPort } from "./port.ts";
import type { AuditMinutes, Counts, MinuteLine, Says, TypeLine } from "./shapes.ts";

type Span = { readonly from: number; readonly to: number };

export type MinutesWanted = {
  readonly type?: string | undefined;
  /** Only those that do not agree. */
  readonly onlyWrong: boolean;
  readonly limit: number;
};

type Row = {
  readonly type: string;
  readonly minute: Date;
  readonly ingest: bigint;
  readonly kafka: bigint;
  readonly stream: bigint;
  readonly stored: bigint;
  readonly rows: bigint;
  readonly differs: boolean;
};

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** One statement, so one snapshot: rows and ledger are written by the same transactions. `$3` and `$4` are types and their tables. */
function minutesSql(tables: AuditPort["tables"]): string {
  const rowsOf = tables.map(
    ({ tableName }, i) => `
    select t.types[${i + 1}] as type, date_bin('1 minute', occurred_at, 'epoch') as minute, count(*) as n, sum(audit.fingerprint(event_id)) as print
    from events.${quoted(tableName)}, t where occurred_at >= $1 and occurred_at < $2 group by 1, 2`,
  );
  return `
  with t as materialized (select $3::text[] as types),
  names as (select * from unnest($3::text[], $4::text[]) as n (type, event_table)),
  there as (${rowsOf.join("\n    union all")}
  ), ledger as (
    select n.type, l.minute, sum(l.read)::bigint as read, sum(l.stored)::bigint as n, sum(l.stored_print) as print
    from audit.ledger l join names n using (event_table) where l.minute >= $1 and l.minute < $2 group by 1, 2
  ), carried as (
    select event_type as type, minute, sum(events)::bigint as n from audit.carried
    where minute >= $1 and minute < $2 and event_type = any ($3) group by 1, 2
  ), acknowledged as (
    select event_type as type, minute, events as n from audit.acknowledged where minute >= $1 and minute < $2 and event_type = any ($3)
  )
  select type, minute, coalesce(a.n, 0)::bigint as ingest, coalesce(c.n, 0)::bigint as kafka, coalesce(l.read, 0)::bigint as stream,
    coalesce(l.n, 0)::bigint as stored, coalesce(r.n, 0)::bigint as rows,
    (coalesce(r.n, 0), coalesce(r.print, 0)) is distinct from (coalesce(l.n, 0), coalesce(l.print, 0)) as differs
  from there r full join ledger l using (type, minute) full join carried c using (type, minute) full join acknowledged a using (type, minute)
  order by minute desc, type`;
}

/** What each station has counted of each type and minute in a span of event time. @throws PipelineError store_… */
export async function readMinutes({ db, tables }: AuditPort, span: Span): Promise<readonly MinuteLine[]> {
  if (tables.length === 0) return [];
  const rows = await db.query<Row>(minutesSql(tables), [
    ...[new Date(span.from), new Date(span.to)],
    ...[tables.map(({ type }) => type), tables.map(({ tableName }) => tableName)],
  ]);
  const derived = new Set(tables.filter(({ isDerived }) => isDerived).map(({ type }) => type));
  return rows.map(({ type, minute, differs, ...row }) => {
    const counts: Counts = {
      ...{
        ingest: derived.has(type) ? null : Number(row.ingest),
        kafka: Number(row.kafka),
        stream: Number(row.stream),
      },
      ...{ stored: Number(row.stored), rows: Number(row.rows) },
    };
    return { type, minute: minute.getTime(), ...counts, says: differs ? "differs" : saysOf(counts) };
  });
}

function saysOf({ ingest, kafka, stream, stored, rows }: Counts): Says {
  if (rows !== stored) return "differs";
  return [ingest ?? kafka, kafka, stream].every((count) => count === stored) ? "agrees" : "open";
}

const worst = (a: Says, b: Says): Says =>
  a === "differs" || b === "differs" ? "differs" : a === "open" || b === "open" ? "open" : "agrees";

/** The same by type, and the minutes that are wanted. */
export function minutesShown(
  at: number,
  span: Span,
  lines: readonly MinuteLine[],
  wanted: MinutesWanted,
): AuditMinutes {
  const types = [...Map.groupBy(lines, ({ type }) => type)].map(([type, of]): TypeLine => {
    const sum = (name: Exclude<keyof Counts, "ingest">) => of.reduce((all, line) => all + line[name], 0);
    const ingest = of.reduce<number | null>((all, line) => (line.ingest === null ? null : (all ?? 0) + line.ingest), 0);
    return {
      ...{ type, minutes: of.length, ingest, kafka: sum("kafka"), stream: sum("stream") },
      ...{ stored: sum("stored"), rows: sum("rows") },
      says: of.map(({ says }) => says).reduce(worst),
    };
  });
  types.sort((a, b) => (a.type < b.type ? -1 : 1));
  const chosen = lines.filter(
    ({ type, says }) => (wanted.type === undefined || type === wanted.type) && !(wanted.onlyWrong && says === "agrees"),
  );
  return { at, ...span, types, minutes: chosen.slice(0, wanted.limit), total: chosen.length };
}
