import { type Column, type ColumnType, envelopeColumns } from "./columns.ts";
import { eventTable, quoteName, quoteText, type TableDefinition } from "./create-tables.ts";
import { hasRevisions, latestViewName } from "./latest-view.ts";

export type ViewColumn = {
  readonly name: string;
  readonly type: ColumnType | "date";
  readonly comment: string;
  /** What it is in the event table. */
  readonly sql: string;
};

/** What analysts see of one event table: everything but personal data. */
export type AnalyticsView = {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly ViewColumn[];
  /** The columns of the event table that are left out as personal. */
  readonly leftOut: readonly string[];
};

/** The envelope as far as it matters to a question; of a dimension or an aggregate only the time. */
const factEnvelope = ["event_id", "occurred_at", "received_at", "source", "time_corrected", "time_flag"];
const envelopeNames = new Set(envelopeColumns.map(({ name }) => name));
/** Counts how often a profile came late; the view has the newest anyway. */
const internalColumns = new Set(["enrichment_revision"]);

export const analyticsName = (name: string): string => `analytics.${quoteName(name)}`;

/**
 * The view of a table for analysts, by dbt's conventions: `fct_` a row for each thing that happened, `dim_` a row for each thing there is, `agg_` a row for each
 * group that was counted. Derived from the schema, so a new field is in it and one that becomes personal is not. An identifier becomes a pseudonym, as
 * `driver_key`, by which tables are joined and people are counted; places, contacts and free text are left out.
 */
export function analyticsViewOf(table: TableDefinition): AnalyticsView | undefined {
  if (table.analytics === undefined) return undefined;
  const { name, keyColumn } = table.analytics;
  const isFact = name.startsWith("fct_");
  const isDimension = name.startsWith("dim_");
  const columns: ViewColumn[] = [];
  const leftOut: string[] = [];
  // The key of a dimension or an aggregate first, as people read.
  const ordered = isFact ? table.columns : [...table.columns].sort((a, b) => rank(a) - rank(b));
  for (const column of ordered) {
    if (envelopeNames.has(column.name)) {
      const wanted = isFact ? factEnvelope.includes(column.name) : column.name === "occurred_at";
      if (wanted) columns.push(isDimension ? validFrom(column) : plain(column));
      if (wanted && !isDimension && column.name === "occurred_at") columns.push(...dayAndHour);
    } else if (!internalColumns.has(column.name)) {
      const view = column.pii === undefined ? plain(column) : pseudonym(column);
      if (view === undefined) leftOut.push(column.name);
      else columns.push(view);
    }
  }
  const manner = isDimension
    ? " One row each, the newest."
    : hasRevisions(table)
      ? " The newest revision of each."
      : "";
  const without = leftOut.length === 0 ? "" : ` Left out as personal data: ${leftOut.join(", ")}.`;
  return { name, comment: `${table.comment}${manner}${without}`, columns, leftOut };

  function rank(column: Column): number {
    return column.name === keyColumn ? 0 : column.name === "occurred_at" ? 1 : 2;
  }
}

const plain = ({ name, type, comment }: Column): ViewColumn => ({ name, type, comment, sql: quoteName(name) });

/** What facts are grouped by most often. In UTC whatever the session says, so that there can be statistics of them. */
const dayAndHour: readonly ViewColumn[] = [
  {
    name: "occurred_on",
    type: "date",
    comment: "The day of occurred_at, in UTC.",
    sql: `("occurred_at" at time zone 'UTC')::date`,
  },
  {
    name: "occurred_hour",
    type: "integer",
    comment: "The hour of the day of occurred_at, 0 to 23, in UTC.",
    sql: `extract(hour from "occurred_at" at time zone 'UTC')::integer`,
  },
];

const validFrom = ({ type, name }: Column): ViewColumn => ({
  name: "valid_from",
  type,
  comment: "Since when it has been as this row says.",
  sql: quoteName(name),
});

/** `driver_id` is told as `driver_key`. Not a licence plate: it names a thing by what everybody can see, and nothing is joined by it. */
function pseudonym({ name, pii, comment, type }: Column): ViewColumn | undefined {
  if (pii !== "identifier" || type !== "text" || !/_(id|key)$/.test(name)) return undefined;
  return {
    name: name.replace(/_(id|key)$/, "_key"),
    type: "text",
    comment: `Pseudonym of ${name}: the same in every table, and nobody can read the id from it. ${comment}`,
    sql: `pipeline.pseudonym((select secret from pipeline.pseudonyms), ${quoteName(name)})`,
  };
}

/**
 * The statements that make the view, or bring one that is there to what it should be. Columns that are there stay where they are and new ones go behind
 * them, for only so may a view be replaced; when one has to go, the view is made anew.
 * @param present the columns that the view has now, in order; undefined when there is none
 */
export function analyticsViewSql(table: TableDefinition, present: readonly string[] | undefined): readonly string[] {
  const view = analyticsViewOf(table);
  if (view === undefined) return [];
  const name = analyticsName(view.name);
  const wanted = new Map(view.columns.map((column) => [column.name, column]));
  const fits = present?.every((column) => wanted.has(column)) ?? false;
  const order = fits ? [...new Set([...(present ?? []), ...wanted.keys()])] : [...wanted.keys()];
  const columns = order.map((column) => wanted.get(column) as ViewColumn);
  const list = columns.map(({ name: as, sql }) => `  ${sql} as ${quoteName(as)}`).join(",\n");
  return [
    ...(view.columns.includes(dayAndHour[0] as ViewColumn) ? [dayStatisticsSql(table)] : []),
    ...(fits || present === undefined ? [] : [`drop view ${name}`]),
    `create or replace view ${name} as select${distinctOn(table)}\n${list}\nfrom ${sourceOf(table)}${newestFirst(table)}`,
    `comment on view ${name} is ${quoteText(view.comment)}`,
    ...columns.map((each) => `comment on column ${name}.${quoteName(each.name)} is ${quoteText(each.comment)}`),
  ];
}

/**
 * Without them the planner takes each event for a day of its own, and sorts a million rows on the disk to count those of thirty days. Gathered with the statistics of the
 * table as a whole (`storage-keeper.ts`).
 */
function dayStatisticsSql(table: TableDefinition): string {
  const expressions = dayAndHour.map(({ sql }) => `(${sql})`).join(", ");
  return `create statistics if not exists events.${quoteName(`${table.name}_days`)} on ${expressions} from ${eventTable(table.name)}`;
}

/** Makes way for a column of the table that becomes wider. */
export function dropAnalyticsViewSql(table: TableDefinition): readonly string[] {
  return table.analytics === undefined ? [] : [`drop view if exists ${analyticsName(table.analytics.name)}`];
}

const sourceOf = (table: TableDefinition): string =>
  eventTable(hasRevisions(table) ? latestViewName(table) : table.name);

/** A dimension over a table of all records shows of each key the newest. */
function needsNewest({ analytics, latestOf }: TableDefinition): boolean {
  return analytics?.name.startsWith("dim_") === true && latestOf === undefined;
}

const distinctOn = (table: TableDefinition): string =>
  needsNewest(table) ? ` distinct on (${quoteName(table.analytics?.keyColumn ?? "")})` : "";

const newestFirst = (table: TableDefinition): string =>
  needsNewest(table)
    ? `\norder by ${quoteName(table.analytics?.keyColumn ?? "")}, "occurred_at" desc, "event_id" collate "C" desc`
    : "";

/**
 * What the role `analyst` may read of the event tables themselves: the columns without personal data, each by its name, so that one that nobody has judged is
 * not among them.
 */
export function grantAnalystSql(table: TableDefinition): readonly string[] {
  const open = table.columns.filter(({ pii }) => pii === undefined).map(({ name }) => quoteName(name));
  const relations = [table.name, ...(hasRevisions(table) ? [latestViewName(table)] : [])].map(eventTable);
  return relations.flatMap((relation) => [
    `revoke select on ${relation} from analyst`,
    `grant select (${open.join(", ")}) on ${relation} to analyst`,
  ]);
}
