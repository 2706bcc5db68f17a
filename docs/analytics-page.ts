import { loadCatalogue } from "../schemas/index.ts";
import { type AnalyticsView, analyticsViewOf, storedTables } from "../sinks/index.ts";

const kinds = [
  ["dim_", "Dimensions", "What there is, one row each, as it is now."],
  ["fct_", "Facts", "What happened, one row each."],
  ["agg_", "Aggregates", "What the pipeline has counted already, by the minute, hour or group."],
] as const;

const introduction = `# The analysts' tables

Generated from the \`.avsc\` files under \`schemas/\` by \`npm run generate\`. Do not edit.

The schema \`analytics\` is the place to ask questions: typed tables with a comment on each table and column (\`\\d+ analytics.fct_trips\`), named by dbt's conventions. They are views over the
event tables, so a row is there as soon as the event is stored, and there is nothing to refresh. [questions.md](questions.md) has ten questions to begin with.

\`\`\`sh
eval "$(npx hailstream env)"
psql "$DATABASE_URL" -c "select status, count(*) from analytics.fct_trips where occurred_at >= current_date - 7 group by 1"
\`\`\`

## The role \`analyst\`

\`$DATABASE_URL\` connects as this role (\`--postgres-analyst-url\`, or \`analyst\` in the ready line). It reads and cannot write, and a statement that takes longer than 60 s is cancelled. It sees no
personal data, which is decided by the schemas, not by whoever writes a view: a field that its schema file marks with \`pii\` is

- told as a **pseudonym** when it is an id: \`driver_id\` becomes \`driver_key\`;
- **left out** otherwise: places, names, licence plates, free text. \`city_id\` says where, and \`agg_marketplace_minutes\` has cells of the map with counts of many.

Of the event tables (\`events.*\`, [events.md](events.md)) the role reads the same columns by name; \`select *\` is refused there, since it would name the others too. A column that no schema of this
version knows is not readable. Who needs personal data for their work, such as support or a safety team, gets a role of their own from the owner (\`$OWNER_DATABASE_URL\`):
\`grant usage on schema events to safety; grant select on events.safety_sos to safety\`.

## Pseudonyms

The first 128 bits of SHA-256 over a secret of this database and the id. The same id has the same key in every table and on every day, so keys join and count; nobody can read the id from a
key, nor try out ids without the secret, which only the owner of the database can read. A driver whom an analysis has found is found by the owner:

\`\`\`sql
select distinct driver_id from events.driver_profile
where pipeline.pseudonym((select secret from pipeline.pseudonyms), driver_id) = '…';
\`\`\`

A pseudonym is still personal data in the sense of the GDPR (article 4, 5): treat exports accordingly. After \`update pipeline.pseudonyms set secret = …\` all keys are others, and old exports can
no longer be joined with new ones.

## A table of your own

\`"analytics": "fct_orders"\` in a schema file gives its type a view here, at the next \`hailstream migrate\` or \`up\`. A name that begins with \`fct_\` is a row for each event, or the newest revision
where the type has revisions; with \`dim_\` the newest row of each key; with \`agg_\` the newest revision of each result. A new field is there after the same command, as the last column.

`;

/** The text of `docs/analytics.md`: what analysts see, derived as the database's views are. */
export function analyticsPage(): string {
  const types = new Map([...loadCatalogue().types.values()].map((type) => [type.name, type]));
  const views = storedTables(types.values()).flatMap((table) => {
    const view = analyticsViewOf(table.definition);
    return view === undefined ? [] : [{ view, type: table.type, table: table.tableName }];
  });
  const sections = kinds.flatMap(([prefix, title, words]) => {
    const own = views.filter(({ view }) => view.name.startsWith(prefix));
    own.sort((a, b) => (a.view.name < b.view.name ? -1 : 1));
    return [`## ${title}`, "", words, "", ...own.flatMap(section)];
  });
  return [introduction, ...sections].join("\n").replace("\n\n\n", "\n\n");
}

function section({ view, type, table }: { view: AnalyticsView; type: string; table: string }): string[] {
  const rows = view.columns.map(
    ({ name, type: kind, comment }) => `| \`${name}\` | ${kind} | ${comment.replaceAll("|", "\\|")} |`,
  );
  return [
    `### ${view.name}`,
    "",
    view.comment,
    "",
    `From \`events.${table}\`, events of the type [${type}](events.md#${type.replaceAll(".", "")}).`,
    "",
    "| Column | Type | Meaning |",
    "|---|---|---|",
    ...rows,
    "",
  ];
}
