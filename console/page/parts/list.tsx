import "./lists.css";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ListPage } from "../../kafka/shapes.ts";
import { goTo, usePlace } from "../router.ts";
import { useSettings } from "../settings.ts";
import { Link } from "./link.tsx";
import { listAddress, listPlaceOf } from "./list-address.ts";
import { useAsked } from "./use-asked.ts";
import { countText, shortTimeText } from "./words.ts";

/** Lists are at most so much older than the server's look, which is two seconds old at most. */
export const refreshMs = 2_500;

export type Column<Row> = {
  readonly name: string;
  /** What the list can be sorted by; absent: not by this. */
  readonly sort?: string;
  readonly isNumber?: boolean;
  cell(row: Row): ComponentChildren;
};

type ListProps<Row> = {
  /** The page's own path, and that of its data. */
  readonly path: string;
  readonly api: string;
  /** In the plural and the singular. */
  readonly things: readonly [string, string];
  readonly columns: readonly Column<Row>[];
  keyOf(row: Row): string;
  /** Where the same rows are to be had as files. */
  readonly files: string;
};

/** A list of things that is filtered by name, sorted and paged, all of it in the address, and told anew every few seconds. */
export function List<Row>({ path, api, things, columns, keyOf, files }: ListProps<Row>) {
  const place = listPlaceOf(usePlace().search);
  // While a filter is typed the rows before stay, so that nothing flickers.
  const { last: data, problem } = useAsked<ListPage<Row>>(listAddress(api, place), refreshMs);
  const [plural, singular] = things;
  const goal = (change: Partial<typeof place>) => listAddress(path, { ...place, page: 1, ...change });
  const query = new URLSearchParams({ name: place.name, sort: place.sort });
  return (
    <main id="main" tabIndex={-1} class="listing">
      <div class="list-head">
        <h1>{`${plural.charAt(0).toUpperCase()}${plural.slice(1)}`}</h1>
        <AsOf problem={problem ?? data?.problem} at={data?.at} />
      </div>
      <div class="list-tools">
        <NameFilter
          value={place.name}
          label={`Filter ${plural} by name`}
          // What else the address says may have changed since the letter was typed.
          onChange={(name) =>
            goTo(listAddress(path, { ...listPlaceOf(location.search), page: 1, name }), { replace: true })
          }
        />
        {place.sort === "worst" ? null : <Link to={goal({ sort: "worst" })}>Worst first</Link>}
        <p class="list-count" role="status">
          {data === undefined ? "" : countWords(data, plural, singular)}
        </p>
        <span class="list-files">
          Save all as <a href={`${files}?${query}&format=csv`}>CSV</a> or{" "}
          <a href={`${files}?${query}&format=jsonl`}>JSON lines</a>
        </span>
      </div>
      <MissingGroups why={data?.missing} />
      {data === undefined ? (
        <p class="empty">{problem === undefined ? "Asking …" : ""}</p>
      ) : data.rows.length === 0 ? (
        <p class="empty">{data.total === 0 ? `There are no ${plural} yet.` : `No ${singular} has this in its name.`}</p>
      ) : (
        <Table
          columns={columns}
          rows={data.rows}
          keyOf={keyOf}
          label={plural}
          sort={place.sort}
          sortedAt={(sort) => goal({ sort })}
        />
      )}
      {data === undefined || data.pages < 2 ? null : (
        <nav class="pager" aria-label={`Pages of ${plural}`}>
          <PageLink to={data.page > 1 ? goal({ page: data.page - 1 }) : undefined}>← Before</PageLink>
          <span>
            {countText(data.page)} of {countText(data.pages)}
          </span>
          <PageLink to={data.page < data.pages ? goal({ page: data.page + 1 }) : undefined}>Next →</PageLink>
        </nav>
      )}
    </main>
  );
}

function countWords({ matched, total }: ListPage<unknown>, plural: string, singular: string): string {
  const all = `${countText(total)} ${total === 1 ? singular : plural}`;
  return matched === total ? all : `${countText(matched)} of ${all}`;
}

/** A link that goes nowhere for now stays where it is, so that nothing jumps. */
export function PageLink({ to, children }: { readonly to: string | undefined; readonly children: ComponentChildren }) {
  return to === undefined ? (
    <span class="no-link" aria-hidden="true">
      {children}
    </span>
  ) : (
    <Link to={to}>{children}</Link>
  );
}

type AsOfProps = {
  /** Why there is nothing newer. */
  readonly problem: string | undefined;
  /** When what is shown was true. */
  readonly at: number | undefined;
};

/** Of when what is shown is, and why there is nothing newer. */
export function AsOf({ problem, at }: AsOfProps) {
  const { zone } = useSettings();
  if (problem === undefined) {
    return <p class="as-of">{at === undefined ? "" : `As of ${shortTimeText(at, zone)}, told anew every 3 s.`}</p>;
  }
  return (
    <p class="refusal" role="alert">
      <span aria-hidden="true">✕ </span>
      {at === undefined ? "" : `What is shown is of ${shortTimeText(at, zone)}. `}
      {problem}
    </p>
  );
}

/** What is not known now of what stands here, and why; it may be long. */
export function Unknown({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <span class="mark-of warning unknown">
      <span aria-hidden="true">! </span>
      {text}
    </span>
  );
}

/** Why there may be consumer groups that are not among those that are shown. */
export function MissingGroups({ why }: { readonly why: string | undefined }) {
  return (
    <Unknown text={why === undefined ? null : `There may be consumer groups of which nothing is known now: ${why}`} />
  );
}

const typingMs = 150;

type NameFilterProps = { readonly value: string; readonly label: string; onChange(value: string): void };

function NameFilter({ value, label, onChange }: NameFilterProps) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const given = useRef(value);
  // The address was changed by something else: a step back, or a link.
  useEffect(() => {
    if (value !== given.current) setText(value);
    given.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const give = (next: string) => {
    given.current = next.trim();
    onChange(next);
  };
  return (
    <search>
      <form
        class="name-filter"
        onSubmit={(event) => {
          event.preventDefault();
          clearTimeout(timer.current);
          give(text);
        }}
      >
        <label>
          <span class="unseen">{label}</span>
          <input
            type="search"
            placeholder={label}
            value={text}
            onInput={(event) => {
              const next = event.currentTarget.value;
              setText(next);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => give(next), typingMs);
            }}
          />
        </label>
      </form>
    </search>
  );
}

type TableProps<Row> = {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  keyOf(row: Row): string;
  readonly label: string;
  /** By what it is sorted, and where it is sorted by something else. */
  readonly sort?: string;
  sortedAt?(sort: string): string;
};

/** A table whose head sorts it by links, so that the order is part of the address. */
export function Table<Row>({ columns, rows, keyOf, label, sort, sortedAt }: TableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                class={column.isNumber === true ? "number" : ""}
                aria-sort={column.sort !== undefined && column.sort === sort ? orderOf(column) : undefined}
              >
                {column.sort === undefined || sortedAt === undefined ? (
                  column.name
                ) : (
                  <Link to={sortedAt(column.sort)} title={`Sort by ${column.name.toLowerCase()}`}>
                    {column.name}
                    {column.sort === sort ? (
                      <span aria-hidden="true">{column.isNumber === true ? " ↓" : " ↑"}</span>
                    ) : null}
                  </Link>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, i) =>
                i === 0 ? (
                  <th key={column.name} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} class={column.isNumber === true ? "number" : ""}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const orderOf = ({ isNumber }: { readonly isNumber?: boolean }) => (isNumber === true ? "descending" : "ascending");

/** A state in words with a sign before it; nothing is said by colour alone. */
export function Mark({
  of,
  children,
}: {
  readonly of: "ok" | "warning" | "fault";
  readonly children: ComponentChildren;
}) {
  return (
    <span class={`mark-of ${of}`}>
      <span aria-hidden="true">{of === "ok" ? "✓" : of === "warning" ? "!" : "✕"} </span>
      {children}
    </span>
  );
}
