import type { SchemaDetail, SchemaField } from "../../schemas/shapes.ts";
import { DetailPage } from "../parts/detail-page.tsx";
import { groupAddress, groupColumns, topicAddress } from "../parts/kafka-columns.tsx";
import { Link } from "../parts/link.tsx";
import { type Column, Mark, Table } from "../parts/list.tsx";
import { goTo, usePlace } from "../router.ts";
import { ChangesTable } from "./changes-table.tsx";
import { CheckSchema } from "./check-schema.tsx";
import { comparedOf, minuteText, schemaAddress, versionText } from "./schema-words.ts";

/** One type of events: its fields, what changed between versions, who writes and reads it, and what another schema would mean. */
export function SchemaPage({ name }: { readonly name: string }) {
  const { from, to } = comparedOf(usePlace().search);
  const query = new URLSearchParams({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  const api = `/api/schemas/named/${encodeURIComponent(name)}`;
  return (
    <DetailPage<SchemaDetail>
      {...{ name, api: query.size === 0 ? api : `${api}?${query}`, list: ["/schemas", "Schemas"] }}
    >
      {(detail) => <Detail api={api} detail={detail} />}
    </DetailPage>
  );
}

function Detail({ api, detail }: { readonly api: string; readonly detail: SchemaDetail }) {
  const { schema, doc, fields, example, enrichedTopic } = detail;
  const topics = [schema.topic, ...(enrichedTopic === null ? [] : [enrichedTopic])];
  return (
    <>
      <p class="prose">{doc}</p>
      {schema.trouble === null ? null : (
        <p>
          <Mark of="warning">{schema.trouble}</Mark>
        </p>
      )}
      <dl class="facts-line">
        <div>
          <dt>Events a minute</dt>
          <dd>{minuteText(schema.perMinute)}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{schema.version ?? "–"}</dd>
        </div>
        <div>
          <dt>{topics.length === 1 ? "Topic" : "Topics"}</dt>
          <dd>
            {topics.map((topic, i) => (
              <span key={topic}>
                {i === 0 ? "" : ", "}
                <Link to={topicAddress(topic)}>{topic}</Link>
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Ordered by</dt>
          <dd>{schema.key}</dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{schema.kind}</dd>
        </div>
        <div>
          <dt>Under load</dt>
          <dd>{schema.class}</dd>
        </div>
      </dl>
      <h2>Fields</h2>
      <Table columns={fieldColumns} rows={fields} keyOf={(field) => field.name} label="Fields" />
      <Difference detail={detail} />
      <CheckSchema api={api} />
      <h2>Written by</h2>
      <Writers detail={detail} />
      <h2>Read by</h2>
      {detail.readers.map(({ topic, groups }) =>
        groups.length === 0 ? (
          <p class="empty" key={topic}>
            No consumer group has read of {topic}.
          </p>
        ) : (
          <div key={topic}>
            <h3 class="of-topic">{topic}</h3>
            <Table
              columns={groupColumns.slice(0, -1)}
              rows={groups}
              keyOf={({ name }) => name}
              label={`Read ${topic}`}
            />
          </div>
        ),
      )}
      <h2>Example</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="source" tabIndex={0} aria-label="Example">
        <pre>{JSON.stringify(example, undefined, 2)}</pre>
      </section>
    </>
  );
}

const fieldColumns: readonly Column<SchemaField>[] = [
  {
    name: "Field",
    cell: ({ name, enrichment }) => (
      <>
        <span class="mono">{name}</span>
        {enrichment ? <span class="soft"> added by the stream</span> : null}
      </>
    ),
  },
  { name: "Type", cell: ({ type }) => <span class="wraps">{type}</span> },
  { name: "Needed", cell: ({ required }) => (required ? "yes" : "–") },
  { name: "Personal", cell: ({ personal }) => personal ?? "–" },
  { name: "Meaning", cell: ({ doc }) => <span class="wraps">{doc}</span> },
];

function Writers({ detail: { writers } }: { readonly detail: SchemaDetail }) {
  if (writers.length === 0) return <p class="empty">Nothing of this pipeline writes it.</p>;
  return (
    <ul class="plain-list">
      {writers.map(({ name, source, group }) => (
        <li key={name}>
          {group === null ? name : <Link to={groupAddress(group)}>{name}</Link>}
          {source === null ? null : (
            <>
              , from <Link to={topicAddress(source)}>{source}</Link>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function Difference({ detail: { schema, versions, difference } }: { readonly detail: SchemaDetail }) {
  if (difference === null) {
    return (
      <>
        <h2>What changed</h2>
        <p class="empty">There is one version only.</p>
      </>
    );
  }
  const { from, to, changes } = difference;
  const go = (change: { readonly from?: string; readonly to?: string }) =>
    goTo(`${schemaAddress(schema.name)}?${new URLSearchParams({ from, to, ...change })}`, { replace: true });
  const choice = (label: string, value: string, onChoice: (version: string) => void) => (
    <label>
      {label}
      <select value={value} onChange={(event) => onChoice(event.currentTarget.value)}>
        {versions.map((version) => (
          <option key={version} value={version}>
            {versionText(version)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <h2>What changed</h2>
      <div class="browse-form">
        {choice("From", from, (version) => go({ from: version }))}
        {choice("To", to, (version) => go({ to: version }))}
      </div>
      {changes.length === 0 ? (
        <p class="empty" role="status">
          Nothing: both say the same.
        </p>
      ) : (
        <ChangesTable changes={changes} label={`From ${versionText(from)} to ${versionText(to)}`} />
      )}
    </>
  );
}
